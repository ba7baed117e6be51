import type { Counters } from '../counters.js';
import { removeWatcherStatus, writeWatcherStatus } from '../status-file.js';
import type { JournalEntry } from './journal-entry.js';
import { writeMetrics } from './metrics.js';

/** Milliseconds between two writes at the least, and at the most: a metrics file that grows old is an alarm. */
const LEAST = 1000;
const MOST = 60_000;

export interface StatusPublisherOptions {
  root: string;
  metrics: string | undefined;
  pid: number;
  untilIdle: boolean;
  journal(entry: JournalEntry): void;
  status(text: string): void;
}

/** Keeps what others read: the file for `status`, Prometheus's, and systemd's line. A file that cannot be written is said once. */
export class StatusPublisher {
  readonly #since = Date.now();
  readonly #failed = new Set<string>();
  #reason: string | null = null;
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;
  #last = '';
  #said = '';
  #stopped = false;

  constructor(
    private readonly options: StatusPublisherOptions,
    private readonly source: { readonly counters: Counters },
  ) {}

  start(): void {
    this.#regular = setInterval(() => this.#write(), MOST);
    this.#write();
  }

  /** Null: told by the kernel; else why not. */
  way(reason: string | null): void {
    this.#reason = reason;
    if (this.#regular) this.changed();
  }

  /** Something may be new. Whether it is, is found out later: more interrupts may be about to appear just now. */
  changed(): void {
    if (this.#stopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (this.#state !== this.#last) this.#write();
    }, LEAST);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#regular);
    this.#write();
    this.#attempt('what status shows', () => removeWatcherStatus(this.options.root));
  }

  /** All that is published. */
  get #state(): string {
    return JSON.stringify([this.#reason, this.source.counters]);
  }

  #write(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { root, pid, untilIdle, metrics, status } = this.options;
    const { counters } = this.source;
    const state = this.#state;
    const way = this.#reason === null ? 'events' : 'intervals';
    const since = new Date(this.#since).toISOString().replace(/\.\d+/, '');
    this.#attempt('what status shows', () =>
      writeWatcherStatus(root, { pid, since, untilIdle, way, reason: this.#reason, counters }),
    );
    if (metrics !== undefined) {
      const sample = { counters, tracing: this.#reason === null, since: this.#since };
      this.#attempt('the metrics', () => writeMetrics(metrics, sample));
    }
    // what could not be written is tried again with the next run
    this.#last = this.#failed.size === 0 ? state : '';
    const { domains, interrupts } = counters;
    const text = `${interrupts} interrupts of ${domains} domains held, ${way === 'events' ? 'told by the kernel' : 'looked at in intervals'}`;
    if (text !== this.#said) status(text);
    this.#said = text;
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
      this.#failed.delete(what);
    } catch (error) {
      const text = `${what} cannot be written: ${(error as Error).message}`;
      if (!this.#failed.has(what)) this.options.journal({ priority: 'warning', text });
      this.#failed.add(what);
    }
  }
}
