/** Lines within a window of time, and its milliseconds. */
const MOST = 20;
const WINDOW = 60_000;

/** Passes lines on, but no flood of them: what comes from outside may come ten thousand times. How many were left out is said. */
export class RateLimiter {
  #said = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(private readonly write: (text: string) => void) {}

  say(text: string): void {
    this.#window ??= setTimeout(() => this.#end(), WINDOW).unref();
    if (++this.#said <= MOST) this.write(text);
  }

  /** Says how many were left out until now. */
  close(): void {
    clearTimeout(this.#window);
    this.#end();
  }

  #end(): void {
    const left = this.#said - MOST;
    this.#window = undefined;
    this.#said = 0;
    if (left > 0) this.write(`${left} more lines like these were left out`);
  }
}
