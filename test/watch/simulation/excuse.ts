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
/** Not a code: somebody moved it right after it was written, before that was read back. */
const MOVED_BACK = 'moved back';
const DELAYS: Record<string, Delays> = {
  [MOVED_BACK]: EXHAUSTED,
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
  /** times of writes since the first pause, as long as they count */
  #writes: number[] = [];
  #pausedUntil = 0;

  /**
   * @param interval longest time until somebody's move is seen
   * @param limits when repairs pause
   */
  constructor(
    private readonly interval: number,
    private readonly limits: { limit: number; window: number },
  ) {}

  /**
   * @param isRepair the watcher tried to write the same set again
   * @returns when the write is tried again at the latest
   */
  failed(code: string, now: number, isRepair = false): number {
    const known = this.#failure;
    // its retries are no repairs
    if (isRepair && !known) this.repaired(now);
    if (known?.code === code && known.at === now) return now + known.pause; // another trial of the same pass
    const count = known?.code === code ? known.count + 1 : 1;
    const isTransient = UNCERTAIN.has(code) && count < PERSISTENT;
    const { first, factor, longest } = isTransient ? TRANSIENT : (DELAYS[code] ?? IMPOSSIBLE);
    const pause = Math.min(longest, Math.max(first, known ? factor * known.pause : 0));
    this.#failure = { code, at: now, count, pause };
    this.failedUntil = Math.max(this.failedUntil, now + pause);
    return now + pause;
  }

  /** Somebody moved it right after it was written: the watcher takes that for a failure, if it sees it. */
  movedBack(now: number): void {
    this.failed(MOVED_BACK, now);
  }

  /** It has the CPUs that it is to have. */
  written(): void {
    this.#failure = undefined;
  }

  /**
   * The watcher has written the same set again, or tried to. The first pause is reported, the following ones are not.
   * Each begins when as many repairs as the limit allows are in the window, and is twice as long as the one before,
   * which has ended when a repair is made.
   */
  repaired(now: number): void {
    if (this.#pauseMs === 0) return;
    const { limit, window } = this.limits;
    const mayHavePaused = this.#writes.length >= limit;
    const nextMs = () => Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs);
    if (mayHavePaused && now - (this.#writes.at(-1) as number) >= nextMs()) this.#pauseMs = nextMs();
    this.#writes = [...this.#writes.filter((at) => now - at <= window), now];
    const first = this.#writes.at(-limit);
    if (first !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, first + window + nextMs());
  }

  /** Until when repairs may pause; the watcher has to report it as contested so long. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  moved(now: number): void {
    this.moves = this.moves.filter((at) => now - at <= this.limits.window + this.interval);
    this.moves.push(now);
  }

  /** Whether so many moves could be seen in the window up to now that repairs pause. */
  isStorm(now: number): boolean {
    const { limit, window } = this.limits;
    return this.moves.filter((at) => now - at <= window + this.interval).length > limit;
  }

  contested(now: number): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, this.limits.window);
    this.#pausedUntil = now + this.#pauseMs;
    this.#writes = [];
  }
}
