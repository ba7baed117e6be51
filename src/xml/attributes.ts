import type { Element } from '@xmldom/xmldom';
import type { XmlDocument } from './document.js';

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

/** An attribute as it stands in a well-formed start tag: its name, its quoted value. XML's white space, not JavaScript's: names may hold U+FEFF. */
export const ATTRIBUTE = /([^ \t\r\n=/>"'<]+)[ \t\r\n]*=[ \t\r\n]*("[^"]*"|'[^']*')/g;

/** The attributes of an element's start tag, in document order. The document is well-formed, so a look suffices. */
export function attributesOf(document: XmlDocument, element: Element): AttributeRange[] {
  const { start, openEnd } = document.rangeOf(element);
  const tag = document.text.slice(start, openEnd);
  const found: AttributeRange[] = [];
  for (const match of tag.slice(element.tagName.length + 1).matchAll(ATTRIBUTE)) {
    const [whole, name, quoted] = match as unknown as [string, string, string];
    const from = start + element.tagName.length + 1 + match.index;
    const end = from + whole.length;
    found.push({
      name,
      start: from,
      end,
      valueStart: end - quoted.length + 1,
      valueEnd: end - 1,
      quote: quoted[0] as '"' | "'",
    });
  }
  return found;
}

/** The attribute of that name, or undefined. */
export function attributeOf(document: XmlDocument, element: Element, name: string): AttributeRange | undefined {
  return attributesOf(document, element).find((attribute) => attribute.name === name);
}
