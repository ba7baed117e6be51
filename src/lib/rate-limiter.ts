const MAX_LINES = 20;
const WINDOW_MS = 60_000;

/** Writes lines, but no more than 20 a minute: input of others may cause thousands. Then says how many were left out. */
export class RateLimiter {
  #count = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(private readonly output: (text: string) => void) {}

  write(text: string): void {
    this.#window ??= setTimeout(() => this.#end(), WINDOW_MS).unref();
    if (++this.#count <= MAX_LINES) this.output(text);
  }

  /** Says how many lines were left out until now. */
  close(): void {
    clearTimeout(this.#window);
    this.#end();
  }

  #end(): void {
    const omitted = this.#count - MAX_LINES;
    this.#window = undefined;
    this.#count = 0;
    if (omitted > 0) this.output(`${omitted} more lines like these were left out`);
  }
}
