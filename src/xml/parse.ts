import { DOMImplementation, type Document, type Element, type Node } from '@xmldom/xmldom';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { type ElementRange, XmlDocument } from './document.js';
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

const implementation = new DOMImplementation();

/**
 * Parses strictly: XML 1.0 with namespaces, no DOCTYPE, no entities but XML's own five.
 * White space between elements is not in the DOM; it is in the text.
 * @throws InputError at the first place that is not well-formed or beyond a limit
 */
export function parseXml(text: string): XmlDocument {
  const dom = implementation.createDocument(null, '', null);
  const ranges = new Map<Element, ElementRange>();
  const open: Element[] = [];
  let attributes = 0;
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
    const root = dom.documentElement;
    const rootEnd = root && open.length === 0 ? (ranges.get(root)?.end ?? 0) : 0;
    throw explain(error.message, {
      text,
      position: parser.position,
      innermost: open.at(-1)?.tagName,
      lastClosed,
      rootEnd,
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
  parser.on('attribute', () => {
    if (++attributes > MAX_ATTRIBUTES) fail(`more than ${MAX_ATTRIBUTES} attributes in one tag`, tagStart());
    if (++allAttributes > MAX_ALL_ATTRIBUTES) fail(`more than ${MAX_ALL_ATTRIBUTES} attributes`, tagStart());
  });
  parser.on('opentag', (tag) => {
    attributes = 0;
    const start = tagStart();
    if (open.length === 0) checkEncoding();
    if (++elements > MAX_ELEMENTS) fail(`more than ${MAX_ELEMENTS} elements`, start);
    if (open.length >= MAX_DEPTH) fail(`elements are nested deeper than ${MAX_DEPTH}: <${tag.name}>`, start);
    const element = createElement(dom, tag, (name) => fail(`${name} is no name where namespaces are used`, start));
    ranges.set(element, { start, openEnd: parser.position, closeStart: parser.position, end: parser.position });
    (open.at(-1) ?? dom).appendChild(element);
    open.push(element);
  });
  parser.on('closetag', (tag) => {
    const element = open.pop() as Element;
    lastClosed = element.tagName;
    const range = ranges.get(element) as ElementRange;
    range.end = parser.position;
    if (!tag.isSelfClosing) range.closeStart = tagStart();
  });
  const addTo = (node: Node) => open.at(-1)?.appendChild(node);
  parser.on('text', (data) => {
    if (/\S/.test(data)) addTo(dom.createTextNode(data));
  });
  parser.on('cdata', (data) => addTo(dom.createCDATASection(data)));
  parser.write(text).close();
  return new XmlDocument(text, dom, dom.documentElement as Element, ranges);
}

/** `refuse`: names such as xmlns and p:1 pass saxes, but are not of XML with namespaces, and the DOM does not take them. */
function createElement(dom: Document, tag: SaxesTagNS, refuse: (name: string) => never): Element {
  let name = tag.name;
  try {
    const element = dom.createElementNS(tag.uri || null, name);
    for (name in tag.attributes) {
      const { uri, value } = tag.attributes[name] as { uri: string; value: string };
      if (uri) element.setAttributeNS(uri, name, value);
      else element.setAttribute(name, value);
    }
    return element;
  } catch {
    return refuse(name);
  }
}
