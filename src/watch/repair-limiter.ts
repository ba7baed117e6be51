import type { RepairLimits } from '../affinity/settings.js';
import { BackOff } from '../lib/back-off.js';

/** However often somebody moves an interrupt, repairs are tried again after five minutes. */
const MAX_PAUSE_MS = 300_000;

/** repair: write the mask again; contested: pause for the first time; leave: the pause goes on, or begins anew. */
export type RepairDecision = 'repair' | 'contested' | 'leave';

/**
 * Limits how often one interrupt is repaired that somebody else keeps moving. Whoever moves it no faster than the limit
 * is answered for ever; repairs pause only in a storm. Times are milliseconds of the watcher's clock.
 */
export class RepairLimiter {
  #repairs: number[] = [];
  /** undefined while nothing is contested */
  #backOff: BackOff | undefined;
  #pausedUntil = 0;
  #contestedUntil = 0;

  /** 0 if repairs were never paused. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** From the first pause on, until repairs have not been paused again for two windows. */
  isContested(now: number): boolean {
    return now < this.#contestedUntil;
  }

  /**
   * Decides what to do about an interrupt that was moved again. After `limit` repairs within `window` ms repairs pause
   * for `window` ms. Then as many are allowed as before; if these are used up as fast, the next pause is twice as long,
   * up to five minutes.
   */
  decide(now: number, { limit, window }: RepairLimits): RepairDecision {
    if (now < this.#pausedUntil) return 'leave';
    if (!this.isContested(now)) this.#backOff = undefined;
    this.#repairs = this.#repairs.filter((at) => now - at <= window);
    if (this.#repairs.length < limit) {
      this.#repairs.push(now);
      return 'repair';
    }
    const isFirst = this.#backOff === undefined;
    this.#backOff ??= new BackOff({ firstMs: Math.min(window, MAX_PAUSE_MS), maxMs: MAX_PAUSE_MS });
    this.#pausedUntil = now + this.#backOff.next();
    this.#contestedUntil = this.#pausedUntil + 2 * window;
    this.#repairs = [];
    return isFirst ? 'contested' : 'leave';
  }

  /** Starts over: whoever moved it may have gone. */
  clear(): void {
    this.#repairs = [];
    this.#pausedUntil = 0;
    this.#contestedUntil = 0;
  }
}
