/** Start of the white space that ends at `offset`. */
export function startOfSpace(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && /[ \t\r\n]/.test(text[start - 1] as string)) start--;
  return start;
}

/** The line break and indentation just before `offset`; '' if other text precedes it on its line. */
export function indentBefore(text: string, offset: number): string {
  return /(\r\n|\n|\r)[ \t]*$/.exec(text.slice(startOfSpace(text, offset), offset))?.[0] ?? '';
}
