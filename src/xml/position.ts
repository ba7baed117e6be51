/** A place as editors count it: both from 1, the column in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
}

/** Turns offsets of one text into lines and columns; a line ends at LF or CRLF (a lone CR too, as in XML). */
export class LineIndex {
  /** Offset of each line's first character; made at the first question. */
  #starts: number[] | undefined;

  constructor(readonly text: string) {}

  /** The BOM takes no column: editors do not show it. */
  at(offset: number): Position {
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(0, offset - (starts[low] as number)) + 1 };
  }

  /** The text of a line, without its end. Empty where there is no such line. */
  line(number: number): string {
    const starts = this.#lineStarts();
    const start = starts[number - 1];
    if (start === undefined) return '';
    let end = starts[number] ?? this.text.length;
    // a slice costs the same whatever its length, a search from the front for what is at the end does not
    while (end > start && (this.text[end - 1] === '\n' || this.text[end - 1] === '\r')) end--;
    return this.text.slice(start, end);
  }

  /** Offset of a line's first character; the end of the text for lines behind it. */
  offsetOfLine(number: number): number {
    return this.#lineStarts()[number - 1] ?? this.text.length;
  }

  #lineStarts(): number[] {
    if (this.#starts) return this.#starts;
    const starts = [this.text.startsWith('\ufeff') ? 1 : 0];
    for (const end of this.text.matchAll(/\r\n|\r|\n/g)) starts.push(end.index + end[0].length);
    this.#starts = starts;
    return starts;
  }
}
