import { TokenBuckets } from '../lib/token-buckets.js';

/** CPU time of searches that find nothing new, for one device. Some may fail while its process starts. */
const LIMITS_MS = { capacity: 300, perSecond: 5 };
/** A process that has just started may not be seen at once. */
const RETRY_MS = 500;
const MAX_KNOWN = 4096;

/**
 * What has requested vectors and belongs to no known guest: devices by address, or processes. Each has its own limit,
 * so that one that never becomes a guest's, such as a device of DPDK on the host, does not use up the time of others.
 */
export class SoughtHolders {
  readonly #cpu = new TokenBuckets(LIMITS_MS, MAX_KNOWN);
  /** when a search may be made again */
  readonly #nextAt = new Map<string, number>();
  readonly #dueAt = new Map<string, number>();

  /** When take() returns something. */
  get due(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#dueAt.values());
  }

  /** A search is to be made for it. */
  add(key: string, now: number): void {
    if (this.#dueAt.has(key) || this.#dueAt.size >= MAX_KNOWN) return;
    this.#dueAt.set(key, Math.max(now, this.#nextAt.get(key) ?? now, this.#cpu.availableAt(key, now)));
  }

  /** What a search that begins now is for. */
  take(now: number): string[] {
    const keys = [...this.#dueAt].flatMap(([key, dueAt]) => (dueAt <= now ? key : []));
    for (const key of keys) this.#dueAt.delete(key);
    return keys;
  }

  /** A search has found nothing new. */
  charge(key: string, cpuMs: number, now: number): void {
    this.#cpu.take(key, cpuMs, now);
    if (this.#nextAt.size >= MAX_KNOWN) this.#nextAt.clear();
    this.#nextAt.set(key, now + RETRY_MS);
  }
}
