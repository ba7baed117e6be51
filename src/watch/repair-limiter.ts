import type { RepairLimits } from '../affinity/settings.js';

/** However long somebody keeps at it, it is tried again within an hour. */
const LONGEST = 3_600_000;

/** The quarrel over one interrupt: how often it was put back, and until when it is left alone. */
export class RepairLimiter {
  #repairs: number[] = [];
  /** how long it is left alone; 0 while nothing is contested */
  #pause = 0;
  #until = 0;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** Until when it is left alone; 0 where it is not. */
  get until(): number {
    return this.#until;
  }

  /**
   * It was moved again: whether to put it back (repair), to leave it alone for the first time (contested), or still (leave). After so
   * many repairs within the window it is left alone for as long as the window is, then tried once, and if it is moved again, left
   * alone for twice as long.
   */
  moved(now: number, { limit, window }: RepairLimits): 'repair' | 'contested' | 'leave' {
    if (now < this.#until) return 'leave';
    if (this.#pause > 0) {
      const tried = this.#triedAt >= this.#until;
      if (!tried) {
        this.#triedAt = now;
        return 'repair';
      }
      if (now - this.#triedAt <= this.#pause) {
        this.#leave(now, Math.min(LONGEST, 2 * this.#pause));
        return 'leave';
      }
      this.#pause = 0; // it stayed for so long that this is another quarrel
      this.#repairs = [];
    }
    this.#repairs = this.#repairs.filter((at) => now - at <= window);
    if (this.#repairs.length < limit) {
      this.#repairs.push(now);
      return 'repair';
    }
    this.#leave(now, window);
    return 'contested';
  }

  #leave(now: number, pause: number): void {
    this.#pause = pause;
    this.#until = now + pause;
  }
}
