import { type SaxesAttributeNS, SaxesParser, type SaxesTag } from 'saxes';
import { InputError } from '../lib/input-error.js';
import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import { isQualified, mayUseNamespaces, type Named } from './namespaces.js';
import { endOfMisc, explain } from './parse-errors.js';

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

/** What many elements have of attributes: shared, so never changed. */
const NONE: readonly XmlAttribute[] = [];

/**
 * Parses strictly: XML 1.0 with namespaces, no DOCTYPE, no entities but XML's own five.
 * White space between elements is in the text only.
 * @param xmlns whether namespaces are looked after; where there can be none, the result is the same
 * @throws InputError at the first place that is not well-formed or beyond a limit
 */
export function parseXml(text: string, xmlns = mayUseNamespaces(text)): XmlDocument {
  let root: XmlElement | undefined;
  /** the innermost element that is open */
  let open: XmlElement | null = null;
  let depth = 0;
  /** of the tag that is being read */
  const attributes: XmlAttribute[] = [];
  let count = 0;
  let allAttributes = 0;
  let elements = 0;
  let lastClosed = '';

  const parser = new SaxesParser({ xmlns, position: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
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
  const checkName = (named: Named) => {
    const { name } = named;
    if (exceeds(name, MAX_NAME)) fail(`a name longer than ${MAX_NAME} bytes: ${name}`, tagStart());
    if (xmlns && !isQualified(named)) fail(`${name} is no name where namespaces are used`, tagStart());
  };
  parser.on('attribute', (attribute) => {
    const { name, value } = attribute;
    checkName(attribute);
    if (exceeds(value, MAX_TEXT)) fail(`the value of ${name} is longer than ${MAX_TEXT} bytes`, tagStart());
    attributes[count++] = { name, uri: '', value, end: parser.position };
    if (count > MAX_ATTRIBUTES) fail(`more than ${MAX_ATTRIBUTES} attributes in one tag`, tagStart());
    if (++allAttributes > MAX_ALL_ATTRIBUTES) fail(`more than ${MAX_ALL_ATTRIBUTES} attributes`, tagStart());
  });
  const takeAttributes = ({ attributes: read }: SaxesTag): readonly XmlAttribute[] => {
    if (count === 0) return NONE;
    const taken = attributes.slice(0, count);
    count = 0;
    if (xmlns) for (const attribute of taken) attribute.uri = (read[attribute.name] as SaxesAttributeNS).uri;
    return taken;
  };
  parser.on('opentag', (tag) => {
    const { name, local = name, uri } = tag;
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
      takeAttributes(tag),
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
