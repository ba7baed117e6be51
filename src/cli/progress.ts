import type { Io } from './io.js';

/** Nobody wants a bar that flashes by. */
const DELAY_MS = 1000;
const INTERVAL_MS = 100;
const WIDTH = 30;

/** A bar on standard error, on a terminal only, for work that takes longer than a second. */
export class Progress {
  #done = 0;
  #next = Date.now() + DELAY_MS;
  #drawn = false;

  constructor(
    private readonly total: number,
    private readonly out: Io['stderr'],
  ) {}

  advance(): void {
    this.#done++;
    if (!this.out.isTTY || Date.now() < this.#next) return;
    this.#next = Date.now() + INTERVAL_MS;
    this.#drawn = true;
    const filled = Math.round((this.#done / this.total) * WIDTH);
    this.out.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${this.#done}/${this.total} files`);
  }

  clear(): void {
    if (this.#drawn) this.out.write('\r\u001b[K');
  }
}
