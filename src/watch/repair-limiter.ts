import type { RepairLimits } from '../affinity/settings.js';
import { BackOff } from '../lib/back-off.js';

/** However often somebody moves an interrupt, one repair is tried each hour. */
const MAX_PAUSE_MS = 3_600_000;

/** repair: write the mask again; contested: pause for the first time; leave: the pause goes on. */
export type RepairDecision = 'repair' | 'contested' | 'leave';

/** Limits how often one interrupt is repaired that somebody else keeps moving. Times are milliseconds of the watcher's clock. */
export class RepairLimiter {
  #repairs: number[] = [];
  /** undefined while nothing is contested */
  #backOff: BackOff | undefined;
  #pauseMs = 0;
  #pausedUntil = 0;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** 0 if repairs were never paused. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /**
   * Decides what to do about an interrupt that was moved again. After `limit` repairs within `window` ms repairs pause for `window` ms.
   * Then one is tried; if the interrupt is moved again within the length of the pause, the pause doubles, up to an hour.
   */
  decide(now: number, { limit, window }: RepairLimits): RepairDecision {
    if (now < this.#pausedUntil) return 'leave';
    if (this.#backOff) {
      const isTried = this.#triedAt >= this.#pausedUntil;
      if (!isTried) {
        this.#triedAt = now;
        return 'repair';
      }
      if (now - this.#triedAt <= this.#pauseMs) {
        this.#pause(now, this.#backOff);
        return 'leave';
      }
      // it stayed in place for longer than the pause: start over
      this.#backOff = undefined;
      this.#repairs = [];
    }
    this.#repairs = this.#repairs.filter((at) => now - at <= window);
    if (this.#repairs.length < limit) {
      this.#repairs.push(now);
      return 'repair';
    }
    this.#backOff = new BackOff({ firstMs: window, maxMs: MAX_PAUSE_MS });
    this.#pause(now, this.#backOff);
    return 'contested';
  }

  #pause(now: number, backOff: BackOff): void {
    this.#pauseMs = backOff.next();
    this.#pausedUntil = now + this.#pauseMs;
  }
}
