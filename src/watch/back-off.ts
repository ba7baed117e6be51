import type { ErrorKind } from '../affinity/write-errors.js';

/** Milliseconds until the next trial: of the first failure, and at the most. */
const PAUSES: Record<ErrorKind, [first: number, longest: number]> = {
  transient: [100, 10_000],
  exhausted: [1000, 300_000],
  // what is impossible now may be possible once something that we do not see has changed
  impossible: [300_000, 300_000],
  gone: [10, 10_000],
};

/** What stands against placing one interrupt, and when it is tried again. */
export class BackOff {
  /** the set that could not be written, and the kernel's word for why */
  #failure: { wanted: string | null; code: string } | undefined;
  #pause = 0;
  #until = 0;

  /** Until when it is not tried. */
  get until(): number {
    return this.#failure ? this.#until : 0;
  }

  /** Whether this set is not to be tried now. */
  waits(wanted: string | null, now: number): boolean {
    return this.#failure?.wanted === wanted && now < this.#until;
  }

  /** True where it failed otherwise before, or not at all: that has not been reported. */
  failed(wanted: string | null, code: string, kind: ErrorKind, now: number): boolean {
    const [first, longest] = PAUSES[kind];
    const isNew = this.#failure?.wanted !== wanted || this.#failure.code !== code;
    this.#pause = isNew ? first : Math.min(longest, 2 * this.#pause);
    this.#failure = { wanted, code };
    this.#until = now + this.#pause;
    return isNew;
  }

  succeeded(): void {
    this.#failure = undefined;
  }
}
