/** The longest pause of repairs, and between trials of a write that fails. */
const MAX_PAUSE_MS = 300_000;

interface Delays {
  first: number;
  factor: number;
  longest: number;
}

const TRANSIENT: Delays = { first: 10, factor: 4, longest: 10_000 };
const EXHAUSTED: Delays = { first: 1000, factor: 2, longest: MAX_PAUSE_MS };
const IMPOSSIBLE: Delays = { first: MAX_PAUSE_MS, factor: 1, longest: MAX_PAUSE_MS };
const DELAYS: Record<string, Delays> = {
  EBUSY: TRANSIENT,
  EAGAIN: TRANSIENT,
  ENOENT: TRANSIENT,
  ENOSPC: EXHAUSTED,
};
/** Codes that are transient unless they persist, and how often in a row that is. */
const UNCERTAIN: ReadonlySet<string> = new Set(['EINVAL', 'EIO']);
const PERSISTENT = 5;

/** A retry may be made a little early, together with others. */
const EARLIEST_SHARE = 3 / 4;

/**
 * After a write failed with this code it is tried again after so long, at the earliest; 0: such an error may pass in a
 * moment.
 */
export function leastPauseMs(code: string): number {
  const delays = DELAYS[code] ?? IMPOSSIBLE;
  return UNCERTAIN.has(code) || delays === TRANSIENT ? 0 : EARLIEST_SHARE * delays.first;
}

/** Why one interrupt may stay where it is, and until when: a write met an error, or somebody keeps moving it. */
export class Excuse {
  /** by a failed write */
  failedUntil = 0;
  /** when somebody moved it */
  moves: number[] = [];
  #failure: { code: string; at: number; count: number; pause: number } | undefined;
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

  /** @returns when the write is tried again at the latest */
  failed(code: string, now: number): number {
    const known = this.#failure;
    if (known?.code === code && known.at === now) return now + known.pause; // another trial of the same pass
    const count = known?.code === code ? known.count + 1 : 1;
    const isTransient = UNCERTAIN.has(code) && count < PERSISTENT;
    const { first, factor, longest } = isTransient ? TRANSIENT : (DELAYS[code] ?? IMPOSSIBLE);
    const pause = Math.min(longest, Math.max(first, known ? factor * known.pause : 0));
    this.#failure = { code, at: now, count, pause };
    this.failedUntil = Math.max(this.failedUntil, now + pause);
    return now + pause;
  }

  written(): void {
    this.#failure = undefined;
  }

  /** Until when repairs may pause; the watcher has to report it as contested so long. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /**
   * After a pause, as many moves as the limit allows are repaired; those that come faster may lead to another pause,
   * which is not reported.
   */
  moved(now: number): void {
    const { limit, window } = this.limits;
    this.moves = this.moves.filter((at) => now - at <= window + 2 * this.interval);
    this.moves.push(now);
    if (this.#pauseMs === 0) return;
    const recent = this.moves.filter(
      (at) => at + this.interval >= this.#pausedUntil && now - at <= window + this.interval,
    );
    if (recent.length > limit) this.#pause(now + this.interval, 2 * this.#pauseMs);
  }

  /** Whether so many moves could be seen in the window up to now that repairs pause. */
  isStorm(now: number): boolean {
    const { limit, window } = this.limits;
    return this.moves.filter((at) => now - at <= window + this.interval).length > limit;
  }

  contested(now: number): void {
    this.#pause(now, this.limits.window);
  }

  #pause(now: number, pauseMs: number): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, pauseMs);
    this.#pausedUntil = now + this.#pauseMs;
  }
}
