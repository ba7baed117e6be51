import type { Settings } from '../affinity/settings.js';

/** How long a domain is looked at in busy intervals, in milliseconds: a guest's drivers take their time, one after the other. */
const BUSY = 60_000;
/** The kernel tells of them itself then: some looks more, in case a word of it was lost. */
const BUSY_TRACED = 2000;
/** Everything is looked at closely so often, in milliseconds, whatever the other looks say: as much as a dozen of those. */
const CLOSELY = 900_000;
/** What a mask does not say is asked so often, in milliseconds: where interrupts really go, who else is on a line, which threads are vCPUs. */
const BEYOND_MASKS = 180_000;

/** How closely a domain is looked at: at its masks, at what they do not say as well, or at all of it anew. */
export type Scope = 'masks' | 'beyond masks' | 'all';

/** What the pace depends on. */
export interface Tempo {
  now: number;
  /** the kernel tells of vectors */
  traced: boolean;
}

/** When one domain is looked at, on the clock. */
export class Schedule {
  /** the next look */
  next: number;
  /** the next close look, whatever a glance says */
  closelyAt: number;
  #beyondMasksAt: number;
  #busyUntil = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.next = now;
    this.closelyAt = now;
    this.#beyondMasksAt = now;
  }

  get due(): number {
    return Math.min(this.next, this.closelyAt, this.#beyondMasksAt);
  }

  /** Something may have happened: a close look at once, and busy intervals for a while. */
  excite(tempo: Tempo): void {
    this.next = tempo.now;
    this.closelyAt = tempo.now;
    this.stayBusy(tempo);
  }

  stayBusy({ now, traced }: Tempo): void {
    this.#busyUntil = now + (traced ? BUSY_TRACED : BUSY);
  }

  /** What is to be looked at now is looked at: how closely. Undefined: nothing is due. */
  take(now: number): Scope | undefined {
    const isClose = now >= this.closelyAt;
    const isBeyond = now >= this.#beyondMasksAt;
    if (isClose) this.closelyAt = now + CLOSELY;
    if (isClose || isBeyond) this.#beyondMasksAt = now + BEYOND_MASKS;
    if (isClose) return 'all';
    if (isBeyond) return 'beyond masks';
    return now < this.next ? undefined : 'masks';
  }

  /** Nothing could be looked at: all of it at the next look, or before it where that is long. */
  putOff(tempo: Tempo, intervals: Settings['intervals']): void {
    this.goOn(tempo, intervals);
    this.closelyAt = Math.min(this.next, tempo.now + BEYOND_MASKS);
    this.#beyondMasksAt = this.closelyAt;
  }

  /** The close look came to nothing: once more after this time. */
  closelyAgain(at: number): void {
    this.closelyAt = Math.min(this.closelyAt, at);
  }

  /** After a look. Looks of all domains fall together. */
  goOn({ now, traced }: Tempo, intervals: Settings['intervals']): void {
    const interval = now < this.#busyUntil ? intervals.busy : traced ? intervals.traced : intervals.quiet;
    this.next = (Math.floor(now / interval) + 1) * interval;
  }
}
