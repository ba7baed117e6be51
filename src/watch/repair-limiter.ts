import type { RepairLimits } from '../affinity/settings.js';
import { BackOff } from '../lib/back-off.js';

/** Longest pause: repairs are tried again after five minutes, however often the interrupt is moved. */
const MAX_PAUSE_MS = 300_000;

/**
 * repair: write the mask again; contested: pause for the first time; leave: the pause continues, or a new one begins.
 */
export type RepairDecision = 'repair' | 'contested' | 'leave';

/**
 * Limits the repairs of one interrupt that another program keeps moving. Moves that are no more frequent than the limit
 * are always repaired. Repairs pause only if moves exceed it. Times are milliseconds of the watcher's clock.
 */
export class RepairLimiter {
  #repairs: number[] = [];
  /** undefined while the interrupt is not contested */
  #backOff: BackOff | undefined;
  #pausedUntil = 0;
  #contestedUntil = 0;

  /** 0 if repairs were never paused. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** True from the first pause until two windows have passed without another pause. */
  isContested(now: number): boolean {
    return now < this.#contestedUntil;
  }

  /**
   * Decides what to do about an interrupt that was moved again. After `limit` repairs within `window` ms, repairs pause
   * for `window` ms. Then `limit` more repairs are allowed. If they are used up within `window` again, the next pause
   * is twice as long, up to five minutes.
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

  /** Starts over: the program that moved it may have ended. */
  clear(): void {
    this.#repairs = [];
    this.#pausedUntil = 0;
    this.#contestedUntil = 0;
  }
}
