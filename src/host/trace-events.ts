import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TracefsFolders, TraceInstance, TracingUnavailable, tracingFailure } from './tracefs.js';

/** Trace events that were read together: these IRQs got a vector, or were moved to another one. */
export interface VectorEvent {
  irqs: number[];
  /** time of the first event, ms of CLOCK_MONOTONIC; undefined if all were lost */
  at: number | undefined;
  /** the buffer overflowed: any IRQ may have changed */
  lost: boolean;
}

export interface VectorListener {
  changed(event: VectorEvent): void;
  /** no more events come: somebody removed the trace instance, or a read failed */
  ended(reason: string): void;
}

/** How long close() waits for a blocked read to wake up. */
const WAKE_TIMEOUT_MS = 500;
/** Reads are empty only if the instance was turned off. */
const EMPTY_READ_PAUSE_MS = 100;
const MAX_EMPTY_READS = 10;

/**
 * Reads the trace event irq_vectors:vector_alloc: an interrupt got a vector, or was moved. x86 only. The read blocks a
 * thread of Node's pool, so the process cannot exit before close().
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

  /** @throws TracingUnavailable */
  static async open(listener: VectorListener, root?: string, folders?: TracefsFolders): Promise<VectorTrace> {
    const instance = new TraceInstance(root, folders);
    try {
      return new VectorTrace(instance, await open(instance.pipe, 'r'), listener);
    } catch (error) {
      instance.remove();
      throw new TracingUnavailable(tracingFailure(error));
    }
  }

  /** Ends the read and removes the instance; false if the read did not end in time. */
  async close(): Promise<boolean> {
    this.#closing = true;
    this.instance.wake();
    const ended = await Promise.race([this.#reading.then(() => true), sleep(WAKE_TIMEOUT_MS, false, { ref: true })]);
    this.instance.remove();
    return ended;
  }

  /** Rejects if the listener throws: that is a bug, not a failed read. */
  async #read(): Promise<void> {
    const buffer = Buffer.allocUnsafe(65536);
    let rest = '';
    for (let empty = 0; !this.#closing; ) {
      const read = await this.pipe.read(buffer, 0, buffer.length, null).catch(tracingFailure);
      if (typeof read === 'string') return this.#end(read);
      empty = read.bytesRead === 0 ? empty + 1 : 0;
      if (empty >= MAX_EMPTY_READS) return this.#end('the trace instance was turned off');
      if (empty > 0) await sleep(EMPTY_READ_PAUSE_MS);
      const text = rest + buffer.toString('latin1', 0, read.bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end).slice(-1000);
      const event = parseVectorEvents(text.slice(0, end));
      if (event && !this.#closing) this.listener.changed(event);
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

/**
 * Lines of trace_pipe, as `task-pid [cpu] flags seconds: vector_alloc: irq=N vector=...`; undefined if there is no
 * event.
 */
export function parseVectorEvents(text: string): VectorEvent | undefined {
  const events = [...text.matchAll(/ (\d+\.\d+): vector_alloc: irq=(\d{1,9})\b/g)];
  const lost = /^CPU:\d+ \[LOST \d+ EVENTS\]/m.test(text);
  if (events.length === 0 && !lost) return undefined;
  const irqs = [...new Set(events.map(([, , irq]) => Number(irq)))];
  return { irqs, at: events[0] && Number(events[0][1]) * 1000, lost };
}
