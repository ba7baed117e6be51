/** Replaces text[start, end) by `text`; start === end inserts. Offsets are UTF-16. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * Applies edits, given in any order, to a text; all else stays as it is, to the byte.
 * Insertions at one place keep the order in which they were given.
 * @throws RangeError when two edits overlap or one lies outside the text: a bug of the caller
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let done = 0;
  for (const edit of sorted) {
    if (edit.start < done || edit.end < edit.start || edit.end > text.length) {
      throw new RangeError(`edit ${edit.start}-${edit.end} overlaps another or lies outside the text`);
    }
    parts.push(text.slice(done, edit.start), edit.text);
    done = edit.end;
  }
  parts.push(text.slice(done));
  return parts.join('');
}
