import stringWidth from 'string-width';

/** Takes milliseconds to make. */
let segmenter: Intl.Segmenter | undefined;
const ASCII = /^[\x20-\x7e]*$/;

/** The characters as people see them: with their combining marks, and emoji sequences as a whole. */
export function* charactersOf(text: string): Generator<{ character: string; index: number }> {
  segmenter ??= new Intl.Segmenter();
  for (const { segment, index } of segmenter.segment(text)) yield { character: segment, index };
}

/** Columns that a terminal needs for a text: two for wide characters, none for escape sequences. */
export function textWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** At most `width` columns: what is left out shows as …, and no character is cut in parts. Without escape sequences. */
export function truncate(text: string, width: number): string {
  const head = headOf(text, width);
  return head === text ? text : width < 1 ? '' : `${headOf(text, width - 1)}…`;
}

/** Spaces behind it, up to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The longest beginning that fits `width` columns, without a character cut in parts. */
export function headOf(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let left = width;
  for (const { character, index } of charactersOf(text)) {
    left -= textWidth(character);
    if (left < 0) return text.slice(0, index);
  }
  return text;
}
