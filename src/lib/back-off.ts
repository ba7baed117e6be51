/** Delays between failed attempts: each is `factor` times the previous one, up to a maximum. */
export interface BackOffLimits {
  firstMs: number;
  maxMs: number;
  /** default 2 */
  factor?: number;
}

export class BackOff {
  #delayMs = 0;

  constructor(private readonly limits: BackOffLimits) {}

  /** The delay before the next attempt; after reset() the first delay again. */
  next(): number {
    const { firstMs, maxMs, factor = 2 } = this.limits;
    this.#delayMs = this.#delayMs === 0 ? firstMs : Math.min(maxMs, factor * this.#delayMs);
    return this.#delayMs;
  }

  reset(): void {
    this.#delayMs = 0;
  }
}
