import { BackOff, type BackOffLimits } from '../lib/back-off.js';
import { ReportOnce } from '../lib/report-once.js';

const LIMITS: BackOffLimits = { firstMs: 1000, maxMs: 60_000 };

/** The list of running domains as a request that can fail; other requests are named by a domain's UUID. */
export const LIST_REQUEST = '';

/** Requests that libvirt did not answer. They are made again, with back-off, until it does. */
export class RetryQueue {
  readonly #failed = new Map<string, { backOff: BackOff; delayMs: number }>();
  readonly #reported = new ReportOnce();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param retry makes all failed requests again */
  constructor(
    private readonly retry: () => void,
    private readonly limits = LIMITS,
  ) {}

  /** UUIDs of the domains whose definition could not be read. */
  get domains(): string[] {
    return [...this.#failed.keys()].filter((request) => request !== LIST_REQUEST);
  }

  /**
   * @returns whether to report it: from the second failure on, for a domain may just have ended, and each reason once
   */
  failed(request: string, reason: string): boolean {
    if (this.#closed) return false;
    const before = this.#failed.get(request);
    const backOff = before?.backOff ?? new BackOff(this.limits);
    this.#failed.set(request, { backOff, delayMs: backOff.next() });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.retry, Math.min(...[...this.#failed.values()].map(({ delayMs }) => delayMs)));
    return before !== undefined && this.#reported.isNew(request, reason);
  }

  /** It was answered, or is not needed any more. */
  remove(request: string): void {
    this.#failed.delete(request);
    this.#reported.clear(request);
  }

  /** Nothing is retried from now on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
