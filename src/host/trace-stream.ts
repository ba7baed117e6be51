import { BackOff, type BackOffLimits } from '../lib/back-off.js';
import { type VectorEvent, VectorTrace } from './trace-events.js';
import { type TracefsFolders, TracingUnavailable } from './tracefs.js';

export interface StreamListener {
  changed(event: VectorEvent): void;
  /** events about posting may have been missed */
  postingLost(): void;
  /** @param reason why trace events are unavailable; null: they are available. Called only when it changes */
  stateChanged(reason: string | null): void;
}

/** For tests. */
export interface StreamOptions {
  folders?: TracefsFolders;
  markerIntervalMs?: number;
  reopenLimits?: BackOffLimits;
}

const REOPEN_LIMITS = { firstMs: 1000, maxMs: 300_000 };
/** A stream that was open for this long worked: its failure does not count as a repeated one. */
const SOUND_MS = 600_000;

/** Trace events of new vectors. A stream that has ended or is broken is opened again, with back-off. */
export class VectorStream {
  readonly #backOff: BackOff;
  #trace: VectorTrace | undefined;
  /** the last attempt to open a stream */
  #opening: Promise<void> = Promise.resolve();
  /** for an earlier stream: whether its reader has ended */
  #closed: Promise<boolean> = Promise.resolve(true);
  #timer: NodeJS.Timeout | undefined;
  #openedAt = 0;
  #reason: string | null | undefined;
  #stopped = false;

  constructor(
    private readonly listener: StreamListener,
    private readonly root?: string,
    private readonly options: StreamOptions = {},
  ) {
    this.#backOff = new BackOff(options.reopenLimits ?? REOPEN_LIMITS);
  }

  /** Resolves when the stream is open, or could not be opened. */
  start(): Promise<void> {
    this.#opening = this.#open();
    return this.#opening;
  }

  /** A domain has started: KVM may have been loaded for it. */
  lookForPosting(): void {
    this.#trace?.lookForPosting();
  }

  /** False if the reading thread does not end. */
  async close(): Promise<boolean> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#opening;
    return (await this.#closed) && (await (this.#trace?.close() ?? true));
  }

  async #open(): Promise<void> {
    const { folders, markerIntervalMs } = this.options;
    const listener = {
      changed: (event: VectorEvent) => this.listener.changed(event),
      postingLost: () => this.listener.postingLost(),
      ended: (reason: string) => this.#ended(reason),
    };
    try {
      const trace = await VectorTrace.open(listener, this.root, folders, markerIntervalMs);
      this.#trace = trace;
      this.#openedAt = performance.now();
      if (!this.#stopped) this.#setState(null);
    } catch (error) {
      if (!(error instanceof TracingUnavailable)) throw error;
      this.#setState(error.message);
      if (!error.isPermanent) this.#reopenLater();
    }
  }

  #ended(reason: string): void {
    const trace = this.#trace;
    this.#trace = undefined;
    if (this.#stopped) return;
    if (performance.now() - this.#openedAt >= SOUND_MS) this.#backOff.reset();
    this.#closed = trace?.close() ?? Promise.resolve(true);
    this.#setState(reason);
    // while the old reader blocks a thread, a new one would block a second thread
    void this.#closed.then((hasEnded) => hasEnded && this.#reopenLater());
  }

  #reopenLater(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.#backOff.next());
  }

  #setState(reason: string | null): void {
    if (reason === this.#reason || this.#stopped) return;
    this.#reason = reason;
    this.listener.stateChanged(reason);
  }
}
