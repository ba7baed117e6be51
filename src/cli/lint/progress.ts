import type { Io } from '../io.js';

/** Shorter runs show no bar. */
const DELAY_MS = 1000;
const INTERVAL_MS = 100;
const BAR_COLUMNS = 30;

/** A progress bar on standard error, if that is a terminal and the work takes longer than a second. */
export class Progress {
  #done = 0;
  #nextDrawMs = Date.now() + DELAY_MS;
  #drawn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly total: number,
    private readonly out: Io['stderr'],
    private readonly columns: Io['columns'],
  ) {}

  advance(): void {
    this.#done++;
    this.#draw('files');
  }

  /** After all files are read: shows the name of a step without progress of its own. */
  wait(step: string): void {
    if (this.out.isTTY) this.#timer = setInterval(() => this.#draw(`files, ${step}`), INTERVAL_MS);
  }

  clear(): void {
    clearInterval(this.#timer);
    if (this.#drawn) this.out.write('\r\u001b[K');
  }

  #draw(label: string): void {
    if (!this.out.isTTY || Date.now() < this.#nextDrawMs) return;
    this.#nextDrawMs = Date.now() + INTERVAL_MS;
    this.#drawn = true;
    const filled = Math.round((this.#done / this.total) * BAR_COLUMNS);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)}`;
    // a line that wraps could not be erased, and after the last column the cursor would be in the next line
    this.out.write(`\r${`${bar} ${this.#done}/${this.total} ${label}`.slice(0, this.columns() - 1)}\u001b[K`);
  }
}
