import { SaxesParser } from 'saxes';
import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import { InputError } from './input-error.js';
import { endOfMisc, explain } from './well-formedness.js';

/** Deepest nesting read: the limit of libxml2, which reads the document after us. */
export const MAX_DEPTH = 256;
/** Most attributes that one element may have. libvirt's widest has about twenty. */
export const MAX_ATTRIBUTES = 1000;
/** Most elements of a document: it bounds the memory. A definition of thousands of devices has tens of thousands. */
export const MAX_ELEMENTS = 200_000;
/** Most attributes of a document, for the same reason. */
export const MAX_ALL_ATTRIBUTES = 200_000;

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
  let attributes: XmlAttribute[] = [];
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
    if (encoding && !/^(utf-?8|us-ascii)$/i.test(encoding)) {
      fail(
        `encoding ${encoding} is not supported`,
        text.search(/(?<=\sencoding\s*=\s*["'])/),
        'save the file as UTF-8 and say so',
      );
    }
  };
  // saxes lets names pass that are not of XML with namespaces.
  const checkName = (name: string, local: string) => {
    if (!NAME_START.test(local)) fail(`${name} is no name where namespaces are used`, tagStart());
  };
  parser.on('attribute', (read) => {
    const attribute = read as XmlAttribute;
    attribute.end = parser.position;
    if (attributes.push(attribute) > MAX_ATTRIBUTES)
      fail(`more than ${MAX_ATTRIBUTES} attributes in one tag`, tagStart());
    if (++allAttributes > MAX_ALL_ATTRIBUTES) fail(`more than ${MAX_ALL_ATTRIBUTES} attributes`, tagStart());
    if (attribute.prefix !== '') checkName(attribute.name, attribute.local);
  });
  parser.on('opentag', ({ name, prefix, local, uri }) => {
    const start = tagStart();
    if (!open) checkEncoding();
    if (++elements > MAX_ELEMENTS) fail(`more than ${MAX_ELEMENTS} elements`, start);
    if (++depth > MAX_DEPTH) fail(`elements are nested deeper than ${MAX_DEPTH}: <${name}>`, start);
    if (prefix !== '') checkName(name, local);
    else if (name === 'xmlns') fail(`${name} is no name where namespaces are used`, start);
    const element: XmlElement = new XmlElement(name, local, uri || null, open, attributes, start, parser.position);
    attributes = [];
    open?.append(element);
    root ??= element;
    open = element;
  });
  parser.on('closetag', (tag) => {
    const element = open as XmlElement;
    element.end = parser.position;
    if (!tag.isSelfClosing) element.closeStart = tagStart();
    lastClosed = element.tagName;
    open = element.parent;
    depth--;
  });
  parser.on('text', (data) => {
    if (/\S/.test(data)) open?.append(data);
  });
  parser.on('cdata', (data) => open?.append(data));
  parser.write(text).close();
  return new XmlDocument(text, root as unknown as XmlElement);
}
