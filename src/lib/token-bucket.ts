/** How much may be used at once, and how much is refilled per second. */
export interface BucketLimits {
  capacity: number;
  perSecond: number;
}

/** Limits the use of something over time. Times are milliseconds of any clock that only moves forward. */
export class TokenBucket {
  #tokens: number;
  #at = Number.NEGATIVE_INFINITY;

  constructor(private readonly limits: BucketLimits) {
    this.#tokens = limits.capacity;
  }

  /** Uses tokens, even if there are fewer: the bucket goes below zero. */
  take(count: number, now: number): void {
    this.#refill(now);
    this.#tokens -= count;
  }

  /** Whether there are tokens. */
  hasTokens(now: number): boolean {
    this.#refill(now);
    return this.#tokens > 0;
  }

  /** Time when tokens are available; now if there are some. */
  availableAt(now: number): number {
    this.#refill(now);
    return this.#tokens > 0 ? now : now + ((1 - this.#tokens) / this.limits.perSecond) * 1000;
  }

  #refill(now: number): void {
    const { capacity, perSecond } = this.limits;
    if (this.#at !== Number.NEGATIVE_INFINITY) {
      this.#tokens = Math.min(capacity, this.#tokens + (Math.max(0, now - this.#at) / 1000) * perSecond);
    }
    this.#at = now;
  }
}
