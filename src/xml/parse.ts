import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import { InputError } from './input-error.js';
import { endOfMisc, explain } from './well-formedness.js';

/** Deepest nesting read: the limit of libxml2, which reads the document after us. */
export const MAX_DEPTH = 256;
/** Most attributes that one element may have. libvirt's widest has about twenty. */
export const MAX_ATTRIBUTES = 1000;
/** Longest text, comment or value, and longest name, in bytes: the limits of libxml2, which reads the document after us. */
export const MAX_TEXT = 10_000_000;
export const MAX_NAME = 50_000;
/** Most elements of a document: with the attributes it bounds the memory, to 300 MB (measured). Thousands of devices are tens of thousands. */
export const MAX_ELEMENTS = 180_000;
/** Most attributes of a document, for the same reason. */
export const MAX_ALL_ATTRIBUTES = 400_000;

/** A name that begins as names do (XML 1.0, production 4, without the colon). */
const NAME_START =
  /^[A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/u;

/**
 * Parses strictly: XML 1.0 with namespaces, no DOCTYPE, no entities but XML's own five.
 * White space between elements is in the text only.
 * @throws InputError at the first place that is not well-formed or beyond a limit
 */
export function parseXml(text: string): XmlDocument {
  let root: XmlElement | undefined;
  /** the innermost element that is open */
  let open: XmlElement | null = null;
  let depth = 0;
  /** of the tag that is being read, and where each ends */
  const attributes: SaxesAttributeNS[] = [];
  const ends: number[] = [];
  let allAttributes = 0;
  let elements = 0;
  let lastClosed = '';

  const parser = new SaxesParser({ xmlns: true, position: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const tagStart = () => text.lastIndexOf('<', parser.position - 1);
  const fail = (message: string, offset: number, hint?: string): never => {
    throw new InputError(message, offset, hint);
  };

  // Before the parser sees it: no entity is ever declared.
  const first = endOfMisc(text, 0);
  if (text.startsWith('<!DOCTYPE', first)) fail('a DOCTYPE is not allowed in a domain definition', first, 'remove it');

  // Six handlers at most: they are properties, and V8 makes a dictionary of an object that is given a seventh, which takes four times as long.
  parser.on('error', (error) => {
    throw explain(error.message, {
      text,
      position: parser.position,
      innermost: open?.tagName,
      lastClosed,
      rootEnd: root && !open ? root.end : 0,
    });
  });
  const checkEncoding = () => {
    const { encoding } = parser.xmlDecl;
    const isAscii = /^us-ascii$/i.test(encoding ?? '');
    const beyond = isAscii ? text.search(/[^\0-\x7f\ufeff]/) : -1;
    if (beyond >= 0) fail('a character beyond the declared encoding US-ASCII', beyond, 'declare encoding="UTF-8"');
    if (encoding && !isAscii && !/^utf-?8$/i.test(encoding)) {
      fail(
        `encoding ${encoding} is not supported`,
        text.search(/(?<=\sencoding\s*=\s*["'])/),
        'save the file as UTF-8 and say so',
      );
    }
  };
  const checkName = ({ name, local, prefix }: { name: string; local: string; prefix: string }) => {
    if (exceeds(name, MAX_NAME)) fail(`a name longer than ${MAX_NAME} bytes: ${name}`, tagStart());
    // saxes lets names pass that are not of XML with namespaces.
    if (prefix !== '' && !NAME_START.test(local)) fail(`${name} is no name where namespaces are used`, tagStart());
  };
  parser.on('attribute', (read) => {
    const attribute = read as SaxesAttributeNS;
    checkName(attribute);
    if (exceeds(attribute.value, MAX_TEXT))
      fail(`the value of ${attribute.name} is longer than ${MAX_TEXT} bytes`, tagStart());
    ends.push(parser.position);
    if (attributes.push(attribute) > MAX_ATTRIBUTES)
      fail(`more than ${MAX_ATTRIBUTES} attributes in one tag`, tagStart());
    if (++allAttributes > MAX_ALL_ATTRIBUTES) fail(`more than ${MAX_ALL_ATTRIBUTES} attributes`, tagStart());
  });
  const takeAttributes = (): readonly XmlAttribute[] => {
    if (ends.length === 0) return [];
    const taken = attributes.map(({ name, uri, value }, index) => ({ name, uri, value, end: ends[index] as number }));
    attributes.length = 0;
    ends.length = 0;
    return taken;
  };
  parser.on('opentag', (tag) => {
    const { name, local, uri } = tag;
    const start = tagStart();
    if (!open) checkEncoding();
    if (++elements > MAX_ELEMENTS) fail(`more than ${MAX_ELEMENTS} elements`, start);
    if (++depth > MAX_DEPTH) fail(`elements are nested deeper than ${MAX_DEPTH}: <${name}>`, start);
    checkName(tag);
    if (name === 'xmlns') fail(`${name} is no name where namespaces are used`, start);
    const element: XmlElement = new XmlElement(
      name,
      local,
      uri || null,
      open,
      takeAttributes(),
      start,
      parser.position,
    );
    open?.append(element);
    root ??= element;
    open = element;
  });
  parser.on('closetag', (tag) => {
    const element = open as XmlElement;
    element.close(tag.isSelfClosing ? parser.position : tagStart(), parser.position);
    lastClosed = element.tagName;
    open = element.parent;
    depth--;
  });
  const checkText = (data: string) => {
    if (exceeds(data, MAX_TEXT)) fail(`more than ${MAX_TEXT} bytes of text in <${open?.tagName}>`, open?.start ?? 0);
  };
  parser.on('text', (data) => {
    checkText(data);
    if (/\S/.test(data)) open?.append(data);
  });
  parser.on('cdata', (data) => {
    checkText(data);
    open?.append(data);
  });
  // The seventh handler, where it is worth its price.
  if (text.length * 3 > MAX_TEXT) {
    parser.on('comment', (data) => {
      if (exceeds(data, MAX_TEXT))
        fail(`a comment longer than ${MAX_TEXT} bytes`, text.lastIndexOf('<!--', parser.position));
    });
  }
  parser.write(text).close();
  return new XmlDocument(text, root as unknown as XmlElement);
}

/** Counts the bytes only of what may exceed. */
function exceeds(text: string, most: number): boolean {
  return text.length * 3 > most && Buffer.byteLength(text) > most;
}
