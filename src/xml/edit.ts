/** Replaces text[start, end) by `text`; start === end inserts. Offsets are UTF-16. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * Applies edits, given in any order; the rest of the text is unchanged, to the byte.
 * Insertions at the same offset keep their order.
 * @throws RangeError if two edits overlap or one lies outside the text: a bug of the caller
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let copied = 0;
  for (const edit of sorted) {
    if (edit.start < copied || edit.end < edit.start || edit.end > text.length) {
      throw new RangeError(`edit ${edit.start}-${edit.end} overlaps another or lies outside the text`);
    }
    parts.push(text.slice(copied, edit.start), edit.text);
    copied = edit.end;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}
