import { type BucketLimits, TokenBucket } from './token-bucket.js';

/** A token bucket for each key, such as a user. */
export class TokenBuckets {
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param most from this number of keys on, only buckets without tokens are kept */
  constructor(
    private readonly limits: BucketLimits,
    private readonly most: number,
  ) {}

  take(key: string, count: number, now: number): void {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= this.most) this.#forgetFree(now);
      bucket = new TokenBucket(this.limits);
      this.#buckets.set(key, bucket);
    }
    bucket.take(count, now);
  }

  hasTokens(key: string, now: number): boolean {
    return this.#buckets.get(key)?.hasTokens(now) ?? true;
  }

  /** Time when tokens are available; now if there are some. */
  availableAt(key: string, now: number): number {
    return this.#buckets.get(key)?.availableAt(now) ?? now;
  }

  /** Whoever has thousands of keys must not get rid of its debts by that. */
  #forgetFree(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.hasTokens(now)) this.#buckets.delete(key);
  }
}
