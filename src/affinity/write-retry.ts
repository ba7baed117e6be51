import { type Cpuset, equal } from '../domain/cpuset.js';
import { BackOff, type BackOffLimits } from '../lib/back-off.js';
import { type ErrorKind, PERSISTENT_FAILURES } from './write-errors.js';

const LIMITS: Record<ErrorKind, BackOffLimits> = {
  transient: { firstMs: 10, maxMs: 10_000, factor: 4 },
  exhausted: { firstMs: 1000, maxMs: 300_000 },
  // tried again all the same: a change that the watcher cannot see may make the write possible
  impossible: { firstMs: 300_000, maxMs: 300_000 },
  gone: { firstMs: 10, maxMs: 10_000 },
};
/**
 * A pass that makes one retry also makes those that are due a little later, so that hundreds of failed writes need few
 * passes. Share of their delay.
 */
const EARLY_SHARE = 1 / 4;

interface Failure {
  wanted: Cpuset | null;
  kind: ErrorKind;
  code: string;
  /** consecutive failures; of these, sameCodeCount with `code` */
  count: number;
  sameCodeCount: number;
  /** codes */
  reported: Set<string>;
  backOff: BackOff;
}

/**
 * The last failed write of one interrupt, and the time of the next attempt. Times are milliseconds of the watcher's
 * clock.
 */
export class WriteRetry {
  #failure: Failure | undefined;
  #retryAt = 0;
  #delayMs = 0;

  /** 0 if nothing has failed. */
  get retryAt(): number {
    return this.#failure ? this.#retryAt : 0;
  }

  /** Whether the last write of this set has failed. */
  hasFailed(wanted: Cpuset | null): boolean {
    return this.#failure !== undefined && isSame(this.#failure.wanted, wanted);
  }

  /** Whether this set must not be written yet. */
  mustWait(wanted: Cpuset | null, now: number): boolean {
    if (!this.hasFailed(wanted)) return false;
    return now < this.#retryAt - EARLY_SHARE * this.#delayMs;
  }

  /** Number of consecutive failures of this set with this code. */
  failures(wanted: Cpuset | null, code: string): number {
    const known = this.#failure;
    return known?.code === code && isSame(known.wanted, wanted) ? known.sameCodeCount : 0;
  }

  /** @returns true if the failure is to be reported: once per set and code, and not if it may pass in a moment */
  failed(wanted: Cpuset | null, code: string, kind: ErrorKind, now: number): boolean {
    const known = this.#failure && isSame(this.#failure.wanted, wanted) ? this.#failure : undefined;
    const count = (known?.count ?? 0) + 1;
    const backOff = known?.kind === kind ? known.backOff : new BackOff(LIMITS[kind]);
    const reported = known?.reported ?? new Set<string>();
    this.#failure = { wanted, kind, code, count, sameCodeCount: this.failures(wanted, code) + 1, reported, backOff };
    this.#delayMs = backOff.next();
    this.#retryAt = now + this.#delayMs;
    if (reported.has(code) || (kind === 'transient' && count < PERSISTENT_FAILURES)) return false;
    reported.add(code);
    return true;
  }

  succeeded(): void {
    this.#failure = undefined;
  }
}

const isSame = (a: Cpuset | null, b: Cpuset | null) => a === b || equal(a, b);
