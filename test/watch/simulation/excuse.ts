const HOUR = 3_600_000;
const TRANSIENT: [first: number, longest: number] = [100, 10_000];
/** Milliseconds until the next trial of a write that met an error: after the first, and at the most. All others: five minutes. */
const PAUSES: Record<string, [first: number, longest: number]> = {
  EBUSY: TRANSIENT,
  EAGAIN: TRANSIENT,
  ENOENT: TRANSIENT,
  ENOSPC: [1000, 300_000],
};

/** Why one interrupt may stay where it is, and until when: a write met an error, or somebody keeps moving it. */
export class Excuse {
  until = 0;
  /** when somebody moved it */
  readonly moves: number[] = [];
  #failure: { code: string; at: number; pause: number } | undefined;
  /** how long it was left to somebody else the last time; 0: no contest */
  #left = 0;
  #leftUntil = 0;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** @param interval longest time until somebody's move is seen */
  constructor(
    private readonly interval: number,
    private readonly window: number,
  ) {}

  failed(code: string, now: number): void {
    const known = this.#failure?.code === code ? this.#failure : undefined;
    if (known?.at === now) return; // another trial of the same pass
    const [first, longest] = PAUSES[code] ?? [300_000, 300_000];
    const pause = known ? Math.min(longest, 2 * known.pause) : first;
    this.#failure = { code, at: now, pause };
    this.until = Math.max(this.until, now + pause);
  }

  written(now: number): void {
    this.#failure = undefined;
    if (this.#left > 0 && now >= this.#leftUntil) this.#triedAt = now;
  }

  moved(now: number): void {
    this.moves.push(now);
    if (this.#left === 0 || this.#triedAt < this.#leftUntil) return;
    if (now - this.#triedAt <= this.#left) this.#leave(now + this.interval, Math.min(HOUR, 2 * this.#left));
    else this.#left = 0;
  }

  contested(now: number): void {
    this.#leave(now, this.window);
  }

  #leave(now: number, pause: number): void {
    this.#left = pause;
    this.#leftUntil = now + pause;
    this.until = Math.max(this.until, this.#leftUntil);
  }
}
