/** Maximum number of lines per window, and in the window after one that left lines out. */
const MAX_LINES = 20;
const MAX_FLOOD_LINES = 3;
const WINDOW_MS = 60_000;

/**
 * Writes at most 20 lines a minute, and 3 a minute while the flood continues: input from outside may cause thousands.
 * At the end of each minute a summary says how many lines were left out.
 */
export class RateLimiter<Line = string> {
  #count = 0;
  #max = MAX_LINES;
  #window: NodeJS.Timeout | undefined;

  /** @param summary makes the line about the number of lines that were left out */
  constructor(
    private readonly output: (line: Line) => void,
    private readonly summary: (omitted: number) => Line,
    private readonly windowMs = WINDOW_MS,
  ) {}

  /** Nothing was written for a while. */
  get isIdle(): boolean {
    return this.#window === undefined;
  }

  write(line: Line): void {
    this.#window ??= setTimeout(() => this.#end(), this.windowMs).unref();
    if (++this.#count <= this.#max) this.output(line);
  }

  /** Reports how many lines were left out until now. */
  close(): void {
    clearTimeout(this.#window);
    this.#end();
  }

  #end(): void {
    const omitted = this.#count - this.#max;
    this.#window = undefined;
    this.#count = 0;
    this.#max = omitted > 0 ? MAX_FLOOD_LINES : MAX_LINES;
    if (omitted > 0) this.output(this.summary(omitted));
  }
}

export const omittedText = (count: number) => `${count} more lines like these were left out`;
