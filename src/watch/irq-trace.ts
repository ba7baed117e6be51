import { type VectorEvent, VectorTrace } from '../host/trace-events.js';
import { NoTracing } from '../host/tracefs.js';

export interface IrqTraceListener {
  /** the kernel gave interrupts a vector, or another CPU */
  news(news: VectorEvent): void;
  /** null: from now on the kernel tells; else why it does not */
  way(reason: string | null): void;
}

/** What the kernel tells of interrupts, where it can be had. */
export class IrqTrace {
  #events: VectorTrace | undefined;

  constructor(
    private readonly root: string,
    private readonly listener: IrqTraceListener,
  ) {}

  /** Never rejects for what the host is like. @param wanted false: the kernel is not asked */
  async start(wanted: boolean): Promise<void> {
    const listener = {
      news: (news: VectorEvent) => this.listener.news(news),
      ended: (reason: string) => this.#ended(reason),
    };
    try {
      if (!wanted) throw new NoTracing('switched off');
      this.#events = await VectorTrace.open(listener, this.root);
      this.listener.way(null);
    } catch (error) {
      if (!(error instanceof NoTracing)) throw error;
      this.#ended(error.message);
    }
  }

  /** False where the thread that listens will not end. */
  async close(): Promise<boolean> {
    return (await this.#events?.close()) ?? true;
  }

  #ended(reason: string): void {
    this.#events = undefined;
    this.listener.way(reason);
  }
}
