import { BackOff, type BackOffLimits } from '../lib/back-off.js';
import { ReportOnce } from '../lib/report-once.js';

const LIMITS: BackOffLimits = { firstMs: 1000, maxMs: 60_000 };

/** Name of the request for the list of running domains; other requests are named by a domain's UUID. */
export const LIST_REQUEST = '';

/** Requests that libvirt did not answer. They are repeated, with back-off, until it does. */
export class RetryQueue {
  readonly #failed = new Map<string, { backOff: BackOff; delayMs: number }>();
  readonly #reported = new ReportOnce();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param retry repeats all failed requests */
  constructor(
    private readonly retry: () => void,
    private readonly limits = LIMITS,
  ) {}

  /** UUIDs of the domains whose definition could not be read. */
  get domains(): string[] {
    return [...this.#failed.keys()].filter((request) => request !== LIST_REQUEST);
  }

  /**
   * @returns whether to report the failure: from the second one on, as a domain may just have ended, and each reason
   *   once
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

  /** It was answered, or is no longer needed. */
  remove(request: string): void {
    this.#failed.delete(request);
    this.#reported.clear(request);
  }

  /** Stops all retries. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
