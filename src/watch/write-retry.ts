import type { ErrorKind } from '../affinity/write-errors.js';
import { type Cpuset, equal } from '../domain/cpuset.js';
import { BackOff, type BackOffLimits } from '../lib/back-off.js';

const LIMITS: Record<ErrorKind, BackOffLimits> = {
  transient: { firstMs: 100, maxMs: 10_000 },
  exhausted: { firstMs: 1000, maxMs: 300_000 },
  // not never: something that the watcher cannot see may change and make it possible
  impossible: { firstMs: 300_000, maxMs: 300_000 },
  gone: { firstMs: 10, maxMs: 10_000 },
};

/** The last failure to write one interrupt, and when the write is tried again. Times are milliseconds of the watcher's clock. */
export class WriteRetry {
  #failure: { wanted: Cpuset | null; code: string; backOff: BackOff } | undefined;
  #retryAt = 0;

  /** 0 if nothing has failed. */
  get retryAt(): number {
    return this.#failure ? this.#retryAt : 0;
  }

  /** Whether this set must not be written yet. */
  mustWait(wanted: Cpuset | null, now: number): boolean {
    return this.#failure !== undefined && isSame(this.#failure.wanted, wanted) && now < this.#retryAt;
  }

  /** @returns true if this set had not failed with this code before: a failure that has not been reported */
  failed(wanted: Cpuset | null, code: string, kind: ErrorKind, now: number): boolean {
    const known = this.#failure;
    const isKnown = known !== undefined && isSame(known.wanted, wanted) && known.code === code;
    const backOff = isKnown ? known.backOff : new BackOff(LIMITS[kind]);
    this.#failure = { wanted, code, backOff };
    this.#retryAt = now + backOff.next();
    return !isKnown;
  }

  succeeded(): void {
    this.#failure = undefined;
  }
}

const isSame = (a: Cpuset | null, b: Cpuset | null) => a === b || equal(a, b);
