import stringWidth from 'string-width';

/** Created on demand, as that takes milliseconds. */
let segmenter: Intl.Segmenter | undefined;
const ASCII = /^[\x20-\x7e]*$/;

/** The characters that a reader sees: with their combining marks, and emoji sequences as one. */
export function* charactersOf(text: string): Generator<{ character: string; index: number }> {
  segmenter ??= new Intl.Segmenter();
  for (const { segment, index } of segmenter.segment(text)) yield { character: segment, index };
}

/** Columns of a text on a terminal: two for wide characters, none for escape sequences. */
export function textWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Cuts a text to `width` columns and marks the cut with …; does not split a character. Without escape sequences. */
export function truncate(text: string, width: number): string {
  const head = headOf(text, width);
  return head === text ? text : width < 1 ? '' : `${headOf(text, width - 1)}…`;
}

/** The same for names, of which many differ only at the end: cuts in the middle. */
export function truncateName(name: string, width: number): string {
  if (headOf(name, width) === name || width < 3) return truncate(name, width);
  const tail = tailOf(name, Math.floor((width - 1) / 2));
  return `${headOf(name, width - 1 - textWidth(tail))}…${tail}`;
}

/** Adds spaces up to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The longest start of a text that fits in `width` columns without splitting a character. */
export function headOf(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let left = width;
  for (const { character, index } of charactersOf(text)) {
    left -= textWidth(character);
    if (left < 0) return text.slice(0, index);
  }
  return text;
}

/** The longest end of a text that fits in `width` columns without splitting a character. */
function tailOf(text: string, width: number): string {
  let left = width;
  let start = text.length;
  for (const { character, index } of [...charactersOf(text)].reverse()) {
    left -= textWidth(character);
    if (left < 0) break;
    start = index;
  }
  return text.slice(start);
}
