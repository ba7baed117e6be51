import type { XmlDocument } from './document.js';
import { attributeNamed, type XmlAttribute, type XmlElement } from './element.js';

/** Position of an attribute: UTF-16 offsets, `end` just after the closing quote. */
export interface AttributeRange {
  /** as written, prefix included */
  name: string;
  start: number;
  end: number;
  valueStart: number;
  valueEnd: number;
  quote: '"' | "'";
}

/** The attributes of an element's start tag, in document order. */
export function attributesOf(document: XmlDocument, element: XmlElement): AttributeRange[] {
  return element.attributes.map((attribute) => rangeOf(document.text, attribute));
}

/** Undefined if the element has no attribute of that name. */
export function attributeOf(document: XmlDocument, element: XmlElement, name: string): AttributeRange | undefined {
  const attribute = attributeNamed(element.attributes, name);
  return attribute && rangeOf(document.text, attribute);
}

/** Searches backwards from its end: the tag is well-formed, and a value does not contain its own quote. */
function rangeOf(text: string, { name, end }: XmlAttribute): AttributeRange {
  const valueEnd = end - 1;
  const quote = text[valueEnd] as AttributeRange['quote'];
  const valueStart = text.lastIndexOf(quote, valueEnd - 1) + 1;
  const start = text.lastIndexOf(name, text.lastIndexOf('=', valueStart) - name.length);
  return { name, start, end, valueStart, valueEnd, quote };
}
