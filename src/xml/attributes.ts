import type { XmlDocument } from './document.js';
import { attributeNamed, type XmlAttribute, type XmlElement } from './element.js';

/** Where an attribute stands: UTF-16 offsets, `end` just after the closing quote. */
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

/** The attribute of that name, or undefined. */
export function attributeOf(document: XmlDocument, element: XmlElement, name: string): AttributeRange | undefined {
  const attribute = attributeNamed(element.attributes, name);
  return attribute && rangeOf(document.text, attribute);
}

/** From its end backwards: a value has none of its own quotes in it, and the tag is well-formed. */
function rangeOf(text: string, { name, end }: XmlAttribute): AttributeRange {
  const valueEnd = end - 1;
  const quote = text[valueEnd] as AttributeRange['quote'];
  const valueStart = text.lastIndexOf(quote, valueEnd - 1) + 1;
  const start = text.lastIndexOf(name, text.lastIndexOf('=', valueStart) - name.length);
  return { name, start, end, valueStart, valueEnd, quote };
}
