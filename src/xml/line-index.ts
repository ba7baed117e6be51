/** A position as in editors: both numbers start at 1, the column is in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
}

const LF = 10;
const CR = 13;

/** A part of a text: UTF-16 offsets. */
interface Part {
  start: number;
  end: number;
}

/** Converts offsets in one text to lines and columns. A line ends at LF, CRLF or, as in XML, a lone CR. */
export class LineIndex {
  /** Offset of each line's first character; built at the first use. */
  #starts: Uint32Array | undefined;

  /** @param inserted parts without line ends that are not in the file: they are not shown, and have no columns */
  constructor(
    readonly text: string,
    private readonly inserted: readonly Part[] = [],
  ) {}

  /** The BOM does not count as a column: editors do not show it. */
  at(offset: number): Position {
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] as number;
    return { line: low + 1, column: Math.max(0, offset - start - this.#insertedIn(start, offset)) + 1 };
  }

  #insertedIn(start: number, end: number): number {
    let length = 0;
    for (const part of this.inserted) length += Math.max(0, Math.min(part.end, end) - Math.max(part.start, start));
    return length;
  }

  /** The text of a line, without its line end; empty if there is no such line. */
  line(number: number): string {
    const starts = this.#lineStarts();
    const start = starts[number - 1];
    if (start === undefined) return '';
    let end = starts[number] ?? this.text.length;
    // from the end: a search from the front would take time proportional to the line's length
    while (end > start && (this.text[end - 1] === '\n' || this.text[end - 1] === '\r')) end--;
    let line = this.text.slice(start, end);
    for (const part of [...this.inserted].reverse()) {
      if (start <= part.start && part.end <= end)
        line = line.slice(0, part.start - start) + line.slice(part.end - start);
    }
    return line;
  }

  /** Whether an offset is outside of all inserted parts. */
  isShown(offset: number): boolean {
    return !this.inserted.some(({ start, end }) => start <= offset && offset < end);
  }

  /** Whether the text is that of the file. */
  get isWhole(): boolean {
    return this.inserted.length === 0;
  }

  /** Offset of a line's first character; the end of the text if there is no such line. */
  offsetOfLine(number: number): number {
    return this.#lineStarts()[number - 1] ?? this.text.length;
  }

  #lineStarts(): Uint32Array {
    if (this.#starts) return this.#starts;
    // counted first: for ten million lines, a growing array of numbers would take half of the memory
    const starts = new Uint32Array(1 + this.#eachEnd(() => {}));
    starts[0] = this.text.startsWith('\ufeff') ? 1 : 0;
    this.#eachEnd((offset, index) => {
      starts[index + 1] = offset;
    });
    this.#starts = starts;
    return starts;
  }

  /** Calls `visit` with the offset after each line end; returns the number of line ends. */
  #eachEnd(visit: (offset: number, index: number) => void): number {
    const { text } = this;
    let index = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === LF || (code === CR && text.charCodeAt(at + 1) !== LF)) visit(at + 1, index++);
    }
    return index;
  }
}
