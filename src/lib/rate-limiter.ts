/** Lines of a window; while lines are left out, fewer in the next window. */
const MAX_LINES = 20;
const MAX_FLOOD_LINES = 3;
const WINDOW_MS = 60_000;

/**
 * Writes lines, but no more than 20 a minute, and 3 a minute while the flood goes on: input of others may cause
 * thousands. At the end of each minute a summary says how many were left out.
 */
export class RateLimiter<Line = string> {
  #count = 0;
  #max = MAX_LINES;
  #window: NodeJS.Timeout | undefined;

  /** @param summary the line that says that so many were left out */
  constructor(
    private readonly output: (line: Line) => void,
    private readonly summary: (omitted: number) => Line,
    private readonly windowMs = WINDOW_MS,
  ) {}

  write(line: Line): void {
    this.#window ??= setTimeout(() => this.#end(), this.windowMs).unref();
    if (++this.#count <= this.#max) this.output(line);
  }

  /** Says how many lines were left out until now. */
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
