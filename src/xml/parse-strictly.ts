import { type SaxesAttributeNS, SaxesParser, type SaxesTag, type SaxesTagNS } from 'saxes';
import { InputError } from '../lib/input-error.js';
import { ENCODING_VALUE, RE_ENCODE } from './decode.js';
import { XmlDocument } from './document.js';
import { type XmlAttribute, XmlElement } from './element.js';
import {
  MAX_ALL_ATTRIBUTES,
  MAX_ATTRIBUTES,
  MAX_COMMENTS,
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_NAME,
  MAX_TEXT,
} from './limits.js';
import { isQualifiedName, isTrimmed, mayUseNamespaces, restoreTrimmed, type SaxesName } from './namespaces.js';
import { endOfMisc, explain } from './parse-errors.js';

/** Shared by all elements without attributes, so never changed. */
const NONE: readonly XmlAttribute[] = [];

/**
 * Parses any document, and explains errors. See parseXml.
 * @param xmlns process namespaces; makes no difference in a document without namespaces
 * @throws InputError at the first place that is not well-formed or exceeds a limit
 */
export function parseStrictly(text: string, xmlns = mayUseNamespaces(text)): XmlDocument {
  let root: XmlElement | undefined;
  /** the innermost open element */
  let open: XmlElement | null = null;
  let depth = 0;
  /** of the current tag */
  const attributes: XmlAttribute[] = [];
  let count = 0;
  let hasTrimmed = false;
  let allAttributes = 0;
  let elements = 0;
  let lastClosed: XmlElement | undefined;

  const parser = new SaxesParser({ xmlns, position: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const tagStart = () => text.lastIndexOf('<', parser.position - 1);
  const fail = (message: string, offset: number, hint?: string): never => {
    throw new InputError(message, offset, hint);
  };

  // checked before the parser reads it, so that no entity is ever declared
  const first = endOfMisc(text, 0);
  if (text.startsWith('<!DOCTYPE', first)) fail('a DOCTYPE is not allowed in a domain definition', first, 'remove it');

  // At most six handlers: they are properties of the parser, and with a seventh V8 turns it into a dictionary, which is
  // four times slower.
  parser.on('error', (error) => {
    throw explain(error.message, {
      text,
      position: parser.position,
      innermost: open ?? undefined,
      lastClosed,
      rootEnd: root && !open ? root.end : 0,
    });
  });
  const checkEncoding = () => {
    const { encoding } = parser.xmlDecl;
    const isAscii = /^us-ascii$/i.test(encoding ?? '');
    const nonAscii = isAscii ? text.search(/[^\0-\x7f\ufeff]/) : -1;
    if (nonAscii >= 0) {
      fail('this character is not in the declared encoding US-ASCII', nonAscii, 'declare encoding="UTF-8"');
    }
    if (encoding && !isAscii && !/^utf-?8$/i.test(encoding)) {
      fail(
        `the encoding ${encoding} is not supported`,
        Math.max(0, text.slice(0, 400).search(ENCODING_VALUE)),
        RE_ENCODE,
      );
    }
  };
  const checkName = (saxesName: SaxesName) => {
    const { name } = saxesName;
    if (exceeds(name, MAX_NAME)) fail(`a name longer than ${MAX_NAME} bytes: ${name}`, tagStart());
    if (xmlns && !isQualifiedName(saxesName)) fail(`${name} is not a valid name in XML with namespaces`, tagStart());
  };
  parser.on('attribute', (attribute) => {
    const { name, value } = attribute;
    checkName(attribute);
    if (exceeds(value, MAX_TEXT)) fail(`the value of ${name} is longer than ${MAX_TEXT} bytes`, tagStart());
    if (xmlns && isTrimmed(attribute)) hasTrimmed = true;
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
    if (hasTrimmed) restoreTrimmed(tag as SaxesTagNS);
    hasTrimmed = false;
    const { name, local = name, uri } = tag;
    const start = tagStart();
    if (!open) checkEncoding();
    if (++elements > MAX_ELEMENTS) fail(`more than ${MAX_ELEMENTS} elements`, start);
    if (++depth > MAX_DEPTH) fail(`elements are nested deeper than ${MAX_DEPTH}: <${name}>`, start);
    checkName(tag);
    if (name === 'xmlns') fail('xmlns is reserved: it cannot be the name of an element', start);
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
    lastClosed = element;
    open = element.parent;
    depth--;
  });
  const checkText = (data: string) => {
    if (exceeds(data, MAX_TEXT)) fail(`more than ${MAX_TEXT} bytes of text in <${open?.tagName}>`, open?.start ?? 0);
  };
  parser.on('text', (data) => {
    checkText(data);
    // a no-break space is text
    if (/[^ \t\r\n]/.test(data)) open?.append(data);
  });
  parser.on('cdata', (data) => {
    checkText(data);
    open?.append(data);
  });
  // more handlers, only for documents that can have such a long comment, or so many
  if (text.length * 3 > MAX_TEXT) {
    let [comments, instructions] = [0, 0];
    parser.on('processinginstruction', () => {
      if (++instructions > MAX_COMMENTS)
        fail(`more than ${MAX_COMMENTS} processing instructions`, text.lastIndexOf('<?', parser.position - 1));
    });
    parser.on('comment', (data) => {
      if (++comments > MAX_COMMENTS)
        fail(`more than ${MAX_COMMENTS} comments`, text.lastIndexOf('<!--', parser.position - 1));
      if (exceeds(data, MAX_TEXT))
        fail(`a comment longer than ${MAX_TEXT} bytes`, text.lastIndexOf('<!--', parser.position - 1));
    });
  }
  parser.write(text).close();
  return new XmlDocument(text, root as unknown as XmlElement);
}

/** Counts bytes only if the text can exceed the limit: a UTF-16 unit is at most 3 bytes. */
function exceeds(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
