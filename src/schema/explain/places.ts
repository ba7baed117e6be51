import { textOf } from '../../xml/content.js';
import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';

/** UTF-16 offsets. */
export interface Place {
  start: number;
  end: number;
}

const MARKUP = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>/g;

/**
 * The place of a text directly in an element; if that is empty, of the start tag.
 * @param from the end of the start tag, or of the previous child or text
 */
export function textPlace(document: XmlDocument, element: XmlElement, text: string, from: number): Place {
  const next = element.children.find(({ start }) => start >= from);
  const gap = document.text.slice(from, next?.start ?? element.closeStart);
  // markup is replaced with spaces to keep the offsets
  const shown = gap.replace(MARKUP, (markup: string, characters?: string) =>
    characters === undefined ? ' '.repeat(markup.length) : `         ${characters}   `,
  );
  const written = trimmed(shown);
  if (written === '') return { start: element.start, end: element.openEnd };
  const start = from + shown.search(/[^ \t\r\n]/);
  const wanted = trimmed(text);
  return { start, end: start + (written.startsWith(wanted) && wanted !== '' ? wanted : written).length };
}

/** Removes white space at both ends, as defined by XML: a no-break space is not white space. */
export function trimmed(text: string): string {
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) return '';
  let end = text.length;
  // not a regular expression, which would search for the end again from each space
  while (/[ \t\r\n]/.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

/** The whole text of an element without children. The parser drops pieces of only white space, libxml2 does not. */
export function textIn({ text }: XmlDocument, element: XmlElement): string {
  const { openEnd, closeStart, content } = element;
  if (closeStart === openEnd) return '';
  const [only] = content;
  const isPlain = content.length === 1 && (only as string).length === closeStart - openEnd;
  return isPlain ? (only as string) : textOf(text, openEnd, closeStart);
}
