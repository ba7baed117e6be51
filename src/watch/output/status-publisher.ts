import { ReportOnce } from '../../lib/report-once.js';
import { removeMetrics, writeMetrics } from '../../report/metrics-file.js';
import type { ContestedInterrupt, Counters, DomainCounts, StrayCount } from '../../runtime/counters.js';
import { type PublishedPosting, removePostingStatus, writePostingStatus } from '../../runtime/posting-status.js';
import { removeWatcherStatus, writeWatcherStatus } from '../../runtime/watcher-status.js';
import type { JournalEntry } from './journal-entry.js';

/** Minimum and maximum interval between writes: an old metrics file raises an alarm. */
const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 60_000;
/** Maximum number of contested interrupts in the list: 1 MB. `status` counts them by guest. */
const MAX_CONTESTED = 10_000;

export interface StatusPublisherOptions {
  root: string;
  /** Prometheus's file */
  metrics: string | undefined;
  /** of this program */
  version: string;
  pid: number;
  untilIdle: boolean;
  journal(entry: JournalEntry): void;
  status(text: string): void;
}

/** What the reconciler reports. */
export interface PublishedState {
  readonly counters: Counters;
  readonly contested: readonly ContestedInterrupt[];
  readonly domainCounts: readonly DomainCounts[];
  /** what is known of posting */
  readonly postings: readonly PublishedPosting[];
  readonly strays: readonly StrayCount[];
}

/**
 * Writes the status file, the metrics file and systemd's status line. A file that cannot be written is reported once.
 */
export class StatusPublisher {
  readonly #since = Date.now();
  readonly #failures = new ReportOnce();
  #hasFailed = false;
  #reason: string | null = null;
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;
  #writtenState = '';
  #sentStatus = '';
  #hasMetrics = false;
  #stopped = false;

  constructor(
    private readonly options: StatusPublisherOptions,
    private readonly source: PublishedState,
  ) {}

  start(): void {
    this.#regular = setInterval(() => this.#write(), MAX_INTERVAL_MS);
    this.#write();
  }

  /** @param reason why trace events are unavailable; null: they are available */
  setTracing(reason: string | null): void {
    this.#reason = reason;
    if (this.#regular) this.changed();
  }

  /** The state may have changed. It is compared later, because more interrupts may be about to appear. */
  changed(): void {
    if (this.#stopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (this.#state !== this.#writtenState) this.#write();
    }, MIN_INTERVAL_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#regular);
    clearTimeout(this.#soon);
    const { root, metrics } = this.options;
    this.#attempt('the status file', () => removeWatcherStatus(root));
    this.#attempt('the status of posting', () => removePostingStatus(root));
    // values of a watcher that has ended would be read as if they were true still
    if (metrics !== undefined && this.#hasMetrics) this.#attempt('the metrics', () => removeMetrics(metrics));
    this.#hasMetrics = false;
  }

  /** all that is published */
  get #state(): string {
    const { counters, domainCounts, postings, strays } = this.source;
    return JSON.stringify([this.#reason, counters, domainCounts, this.#contested, postings, strays]);
  }

  get #contested(): ContestedInterrupt[] {
    return this.source.contested.slice(0, MAX_CONTESTED);
  }

  #write(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { root, pid, untilIdle, status } = this.options;
    const { counters } = this.source;
    this.#hasFailed = false;
    const state = this.#state;
    const way = this.#reason === null ? 'events' : 'intervals';
    const since = new Date(this.#since).toISOString().replace(/\.\d+/, '');
    this.#attempt('the status file', () =>
      writeWatcherStatus(root, {
        pid,
        since,
        untilIdle,
        way,
        reason: this.#reason,
        counters,
        contested: this.#contested,
      }),
    );
    this.#attempt('the status of posting', () =>
      writePostingStatus(root, { pid, interrupts: [...this.source.postings] }),
    );
    this.#writeMetrics();
    // what could not be written is tried again after the next run
    this.#writtenState = this.#hasFailed ? '' : state;
    const { domains, interrupts, contestedNow } = counters;
    const contested = contestedNow > 0 ? `, ${contestedNow} contested` : '';
    const text = `${interrupts} interrupts of ${domains} domains managed${contested}, ${way === 'events' ? 'using trace events' : 'polling'}`;
    if (text !== this.#sentStatus) status(text);
    this.#sentStatus = text;
  }

  #writeMetrics(): void {
    const { metrics, version } = this.options;
    if (metrics === undefined) return;
    const { counters, domainCounts, strays } = this.source;
    const times = { since: this.#since, at: Date.now() };
    const sample = { counters, domainCounts, strays, tracing: this.#reason === null, version, ...times };
    this.#attempt('the metrics', () => {
      writeMetrics(metrics, sample);
      this.#hasMetrics = true;
    });
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
      this.#failures.isNew(what, undefined);
    } catch (error) {
      this.#hasFailed = true;
      const text = `cannot write ${what}: ${(error as Error).message}`;
      if (this.#failures.isNew(what, text)) this.options.journal({ priority: 'warning', text });
    }
  }
}
