import type { Settings } from '../affinity/settings.js';

/**
 * After a change a domain is polled at the busy interval for this long: a guest loads its drivers one after the other.
 */
const BUSY_MS = 60_000;
/** The same while trace events report new vectors: a few extra polls, in case an event was lost. */
const BUSY_TRACED_MS = 2000;
/** Interval of full checks; one costs as much as a dozen polls. */
const FULL_CHECK_MS = 900_000;
/** Interval of the delivery check. */
const DELIVERY_CHECK_MS = 180_000;

/**
 * Scope of a check. masks: compare smp_affinity, vCPU affinities and the lists of interrupts; delivery: also
 * effective_affinity, other handlers of a shared line, and thread names; full: read and plan everything again.
 */
export type CheckScope = 'masks' | 'delivery' | 'full';

export interface ScheduleContext {
  now: number;
  /** true: trace events report new vectors */
  traced: boolean;
}

/** The times of one domain's checks, in milliseconds of the watcher's clock. */
export class Schedule {
  nextPollAt: number;
  nextFullCheckAt: number;
  #nextDeliveryCheckAt: number;
  #busyUntil = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.nextPollAt = now;
    this.nextFullCheckAt = now;
    this.#nextDeliveryCheckAt = now;
  }

  get due(): number {
    return Math.min(this.nextPollAt, this.nextFullCheckAt, this.#nextDeliveryCheckAt);
  }

  /** Something may have changed: make a full check now, and poll at the busy interval for a while. */
  markDirty(context: ScheduleContext): void {
    this.nextPollAt = context.now;
    this.nextFullCheckAt = context.now;
    this.stayBusy(context);
  }

  stayBusy({ now, traced }: ScheduleContext): void {
    this.#busyUntil = now + (traced ? BUSY_TRACED_MS : BUSY_MS);
  }

  /** The check that is due now; it then counts as made. Undefined if none is due. */
  take(now: number): CheckScope | undefined {
    const isFull = now >= this.nextFullCheckAt;
    const isDelivery = now >= this.#nextDeliveryCheckAt;
    if (isFull) this.nextFullCheckAt = now + FULL_CHECK_MS;
    if (isFull || isDelivery) this.#nextDeliveryCheckAt = now + DELIVERY_CHECK_MS;
    if (isFull) return 'full';
    if (isDelivery) return 'delivery';
    return now < this.nextPollAt ? undefined : 'masks';
  }

  /**
   * The check could not be made: make a full check at the next poll, or after the delivery check's interval if that is
   * sooner.
   */
  defer(context: ScheduleContext, intervals: Settings['intervals']): void {
    this.advance(context, intervals);
    this.nextFullCheckAt = Math.min(this.nextPollAt, context.now + DELIVERY_CHECK_MS);
    this.#nextDeliveryCheckAt = this.nextFullCheckAt;
  }

  /** Requests a full check at this time at the latest. */
  requestFullCheck(at: number): void {
    this.nextFullCheckAt = Math.min(this.nextFullCheckAt, at);
  }

  /** Requests a poll at this time at the latest. */
  requestPoll(at: number): void {
    this.nextPollAt = Math.min(this.nextPollAt, at);
  }

  /** Sets the next poll. The polls of all domains fall on the same multiples of the interval. */
  advance({ now, traced }: ScheduleContext, intervals: Settings['intervals']): void {
    const interval = now < this.#busyUntil ? intervals.busy : traced ? intervals.traced : intervals.quiet;
    this.nextPollAt = (Math.floor(now / interval) + 1) * interval;
  }
}
