/** The longest pause of repairs. */
const MAX_PAUSE_MS = 300_000;
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
  /** by a failed write */
  failedUntil = 0;
  /** when somebody moved it */
  readonly moves: number[] = [];
  #failure: { code: string; at: number; pause: number } | undefined;
  /** how long repairs paused the last time; 0: they never did */
  #pauseMs = 0;
  #pausedUntil = 0;

  /**
   * @param interval longest time until somebody's move is seen
   * @param limits when repairs pause
   */
  constructor(
    private readonly interval: number,
    private readonly limits: { limit: number; window: number },
  ) {}

  failed(code: string, now: number): void {
    const known = this.#failure?.code === code ? this.#failure : undefined;
    if (known?.at === now) return; // another trial of the same pass
    const [first, longest] = PAUSES[code] ?? [300_000, 300_000];
    const pause = known ? Math.min(longest, 2 * known.pause) : first;
    this.#failure = { code, at: now, pause };
    this.failedUntil = Math.max(this.failedUntil, now + pause);
  }

  written(): void {
    this.#failure = undefined;
  }

  /** Until when repairs may pause; the watcher has to report it as contested so long. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** After a pause, as many moves as the limit allows are repaired; those that come faster may lead to another pause, which is not reported. */
  moved(now: number): void {
    this.moves.push(now);
    if (this.#pauseMs === 0) return;
    const { limit, window } = this.limits;
    const recent = this.moves.filter(
      (at) => at + this.interval >= this.#pausedUntil && now - at <= window + this.interval,
    );
    if (recent.length > limit) this.#pause(now + this.interval, 2 * this.#pauseMs);
  }

  contested(now: number): void {
    this.#pause(now, this.limits.window);
  }

  #pause(now: number, pauseMs: number): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, pauseMs);
    this.#pausedUntil = now + this.#pauseMs;
  }
}
