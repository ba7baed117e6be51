import type { Io } from '../io.js';

/** Nobody wants a bar that flashes by. */
const DELAY_MS = 1000;
const INTERVAL_MS = 100;
const WIDTH = 30;

/** A bar on standard error, on a terminal only, for work that takes longer than a second. */
export class Progress {
  #done = 0;
  #next = Date.now() + DELAY_MS;
  #drawn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly total: number,
    private readonly out: Io['stderr'],
  ) {}

  advance(): void {
    this.#done++;
    this.#draw('files');
  }

  /** All files are read, and what is left tells no steps. */
  wait(what: string): void {
    if (this.out.isTTY) this.#timer = setInterval(() => this.#draw(`files, ${what}`), INTERVAL_MS);
  }

  clear(): void {
    clearInterval(this.#timer);
    if (this.#drawn) this.out.write('\r\u001b[K');
  }

  #draw(what: string): void {
    if (!this.out.isTTY || Date.now() < this.#next) return;
    this.#next = Date.now() + INTERVAL_MS;
    this.#drawn = true;
    const filled = Math.round((this.#done / this.total) * WIDTH);
    this.out.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${this.#done}/${this.total} ${what}\u001b[K`);
  }
}
