import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NoTracing, reasonOf, type TracefsFolders, TraceInstance } from './tracefs.js';

/** What the kernel told in one go: it gave vectors to these interrupts, or moved them. */
export interface VectorEvent {
  irqs: number[];
  /** of the first of them, milliseconds of CLOCK_MONOTONIC; undefined where all were lost */
  at: number | undefined;
  /** there were more events than fit its buffer: anything may have changed */
  lost: boolean;
}

export interface VectorListener {
  news(news: VectorEvent): void;
  /** the kernel tells no more: somebody took the instance away, or a read failed */
  ended(reason: string): void;
}

/** Milliseconds that a blocked read is given to wake up. */
const PATIENCE = 500;
/** After an empty read, which only an instance that was turned off gives, and how many of them are an end. */
const PAUSE = 100;
const EMPTY_READS = 10;

/**
 * The kernel's word when an interrupt gets a vector or another CPU: trace event irq_vectors:vector_alloc, x86 only. The read
 * blocks, and so occupies one thread of Node's pool: a process can only exit when close() has ended it.
 */
export class VectorTrace {
  #closing = false;
  readonly #reading: Promise<void>;

  private constructor(
    private readonly instance: TraceInstance,
    private readonly pipe: FileHandle,
    private readonly listener: VectorListener,
  ) {
    this.#reading = this.#read();
  }

  /** @throws NoTracing with the reason */
  static async open(listener: VectorListener, root?: string, folders?: TracefsFolders): Promise<VectorTrace> {
    const instance = new TraceInstance(root, folders);
    try {
      return new VectorTrace(instance, await open(instance.pipe, 'r'), listener);
    } catch (error) {
      instance.remove();
      throw new NoTracing(reasonOf(error));
    }
  }

  /** Ends the reading and removes the instance; false where the read would not wake up. */
  async close(): Promise<boolean> {
    this.#closing = true;
    this.instance.wake();
    const ended = await Promise.race([this.#reading.then(() => true), sleep(PATIENCE, false, { ref: true })]);
    this.instance.remove();
    return ended;
  }

  /** Rejects where the listener throws: a bug of ours must not pass for one of the kernel's. */
  async #read(): Promise<void> {
    const buffer = Buffer.allocUnsafe(65536);
    let rest = '';
    for (let empty = 0; !this.#closing; ) {
      const read = await this.pipe.read(buffer, 0, buffer.length, null).catch(reasonOf);
      if (typeof read === 'string') return this.#end(read);
      empty = read.bytesRead === 0 ? empty + 1 : 0;
      if (empty >= EMPTY_READS) return this.#end('the kernel stopped telling: the trace instance was turned off');
      if (empty > 0) await sleep(PAUSE);
      const text = rest + buffer.toString('latin1', 0, read.bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end).slice(-1000);
      const news = parseVectorEvents(text.slice(0, end));
      if (news && !this.#closing) this.listener.news(news);
    }
    await this.pipe.close().catch(() => {});
  }

  async #end(reason: string): Promise<void> {
    await this.pipe.close().catch(() => {});
    if (this.#closing) return;
    this.instance.remove();
    this.listener.ended(reason);
  }
}

/** Lines of trace_pipe, as `task-pid [cpu] flags seconds: vector_alloc: irq=N vector=...`; undefined where they tell nothing. */
export function parseVectorEvents(text: string): VectorEvent | undefined {
  const events = [...text.matchAll(/ (\d+\.\d+): vector_alloc: irq=(\d{1,9})\b/g)];
  const lost = /^CPU:\d+ \[LOST \d+ EVENTS\]/m.test(text);
  if (events.length === 0 && !lost) return undefined;
  const irqs = [...new Set(events.map(([, , irq]) => Number(irq)))];
  return { irqs, at: events[0] && Number(events[0][1]) * 1000, lost };
}
