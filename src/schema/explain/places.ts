import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';

/** UTF-16 offsets. */
export interface Place {
  start: number;
  end: number;
}

const NO_TEXT = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;

/** The place of a text directly in an element; of its start tag if it is empty. */
export function textPlace(document: XmlDocument, element: XmlElement, text: string): Place {
  const { openEnd, closeStart, children } = element;
  const wanted = trimmed(text);
  const starts = [openEnd, ...children.map(({ end }) => end)];
  for (const [index, from] of starts.entries()) {
    const gap = document.text.slice(from, children[index]?.start ?? closeStart);
    // spaces in place of comments keep the offsets
    const shown = gap
      .replace(NO_TEXT, (match) => ' '.repeat(match.length))
      .replace('<![CDATA[', '         ')
      .replace(']]>', '   ');
    if (trimmed(shown) === '') continue;
    const start = from + shown.search(/[^ \t\r\n]/);
    if (children.length > 0 && !sameStart(trimmed(shown), wanted)) continue;
    return { start, end: start + trimmed(shown).length };
  }
  return { start: element.start, end: element.openEnd };
}

/** Without white space around it: XML's, which has no no-break space. */
export function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

/** Entities may be written in place of characters. */
function sameStart(written: string, text: string): boolean {
  return written.includes('&') || text.startsWith(written.slice(0, 20)) || written.startsWith(text.slice(0, 20));
}
