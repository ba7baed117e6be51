import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TokenBucket } from '../lib/token-bucket.js';
import { type PostingEvent, parsePostingEvents } from './posting-events.js';
import { type TracefsFolders, TraceInstance, TracingUnavailable, tracingFailure } from './tracefs.js';
import { parseVectorRequests, type VectorRequests } from './vector-requests.js';

/**
 * Trace events that were read together: these IRQs got a vector, or were moved to another one, and KVM's events about
 * posting.
 */
export interface VectorEvent {
  irqs: number[];
  /** time of the first event, ms of CLOCK_MONOTONIC; undefined if all events were lost */
  at: number | undefined;
  /** the buffer overflowed: any IRQ may have changed */
  lost: boolean;
  /** the events about posting, in order */
  postings: PostingEvent[];
  /** where the kernel does not name the IRQs */
  requests?: VectorRequests;
}

export interface VectorListener {
  changed(event: VectorEvent): void;
  /** events about posting may have been missed */
  postingLost(): void;
  /** no more events will come: the trace instance was changed or removed, a read failed, or markers do not come back */
  ended(reason: string): void;
}

/** How long close() waits for a blocked read to wake up. */
const WAKE_TIMEOUT_MS = 500;
/** A read is empty only if the instance was turned off. */
const EMPTY_READ_PAUSE_MS = 100;
const MAX_EMPTY_READS = 10;
/**
 * Interval of markers, which must come back through the pipe. After so many missing markers the stream counts as
 * broken.
 */
const MARKER_INTERVAL_MS = 2000;
const MAX_MARKERS_MISSED = 2;
/** How long the first marker may take. */
const FIRST_MARKER_TIMEOUT_MS = 1000;
/** Reads without a pause, and reads per second in a flood: meanwhile events collect in the kernel's buffer. */
const READ_LIMITS = { capacity: 200, perSecond: 20 };
const DEAF = 'trace events do not arrive';

/**
 * Reads two trace events: irq_vectors:vector_alloc (an interrupt got a vector or was moved) and kvm:kvm_pi_irte_update
 * (an interrupt is posted to a vCPU, or no longer posted). Both are of x86; elsewhere it reads calls of functions. The
 * read blocks a thread of Node's pool, so the process cannot exit before close().
 */
export class VectorTrace {
  /** close() was called, or the stream has ended */
  #closing = false;
  readonly #reading: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;
  #markerCameBack = () => {};

  private constructor(
    private readonly instance: TraceInstance,
    private readonly pipe: FileHandle,
    private readonly listener: VectorListener,
  ) {
    this.#reading = this.#read().finally(() => clearInterval(this.#timer));
  }

  /**
   * Resolves when the first marker has come through the pipe.
   * @throws TracingUnavailable with the reason
   */
  static async open(
    listener: VectorListener,
    root?: string,
    folders?: TracefsFolders,
    markerIntervalMs = MARKER_INTERVAL_MS,
  ): Promise<VectorTrace> {
    const instance = new TraceInstance(root, folders);
    let trace: VectorTrace;
    try {
      trace = new VectorTrace(instance, await instance.openPipe(), listener);
    } catch (error) {
      instance.remove();
      throw new TracingUnavailable(tracingFailure(error));
    }
    if (await trace.#isFirstMarkerBack()) {
      trace.lookForPosting();
      trace.#timer = setInterval(() => trace.#check(), markerIntervalMs);
      return trace;
    }
    await trace.close();
    throw new TracingUnavailable(DEAF);
  }

  /** Ends the read and removes the instance; false if the read did not end in time. */
  async close(): Promise<boolean> {
    this.#closing = true;
    clearInterval(this.#timer);
    this.instance.wake();
    const ended = await Promise.race([this.#reading.then(() => true), sleep(WAKE_TIMEOUT_MS, false, { ref: true })]);
    this.instance.remove();
    return ended;
  }

  /** Enables events about posting once KVM is loaded: called with each marker, and from outside. */
  lookForPosting(): void {
    if (!this.#closing && this.instance.enablePosting() === 'lost') this.listener.postingLost();
  }

  #isFirstMarkerBack(): Promise<boolean> {
    const isBack = new Promise<true>((resolve) => {
      this.#markerCameBack = () => resolve(true);
    });
    this.#sendMarker();
    return Promise.race([isBack, sleep(FIRST_MARKER_TIMEOUT_MS, false, { ref: true })]);
  }

  #sendMarker(): void {
    this.instance.mark(MARKER);
  }

  /** Checks at intervals whether events would still arrive. */
  #check(): void {
    if (!this.instance.hasOwnSettings()) this.#stop('another program changed the trace instance');
    else if (this.#missed >= MAX_MARKERS_MISSED) this.#stop(DEAF);
    else {
      this.lookForPosting();
      this.#missed++;
      this.#sendMarker();
    }
  }

  /** Waking the reader may take a while; the listener is called at once. */
  #stop(reason: string): void {
    void this.close();
    this.listener.ended(reason);
  }

  /** Rejects if the listener throws: that is a bug, not a failed read. */
  async #read(): Promise<void> {
    const buffer = Buffer.allocUnsafe(65536);
    const reads = new TokenBucket(READ_LIMITS);
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
      this.#take(text.slice(0, end));
      reads.take(1, performance.now());
      const waitMs = reads.availableAt(performance.now()) - performance.now();
      if (waitMs > 0 && !this.#closing) await sleep(waitMs);
    }
    await this.pipe.close().catch(() => {});
  }

  #take(lines: string): void {
    const event = parseVectorEvents(lines);
    // a marker may be among the lost events
    if (event?.lost || hasMarker(lines)) {
      this.#missed = 0;
      this.#markerCameBack();
    }
    if (event && !this.#closing) this.listener.changed(event);
  }

  async #end(reason: string): Promise<void> {
    await this.pipe.close().catch(() => {});
    if (this.#closing) return;
    this.#closing = true;
    this.instance.remove();
    this.listener.ended(reason);
  }
}

/**
 * Parses lines of trace_pipe, such as `task-pid [cpu] flags seconds: vector_alloc: irq=N vector=...`; undefined without
 * an event.
 */
export function parseVectorEvents(text: string): VectorEvent | undefined {
  const events = [...text.matchAll(/ (\d+\.\d+): vector_alloc: irq=(\d{1,9})\b/g)];
  const lost = /^CPU:\d+ \[LOST \d+ EVENTS\]/m.test(text);
  const postings = parsePostingEvents(text);
  const requests = parseVectorRequests(text);
  if (postings.length === 0 && !requests) return undefined;
  const irqs = [...new Set(events.map(([, , irq]) => Number(irq)))];
  return { irqs, at: events[0] && Number(events[0][1]) * 1000, lost, postings, ...(requests ? { requests } : {}) };
}

const MARKER = 'hostdev-cpuset check';

/** Whether a marker has come back in the expected format, which includes its time. */
function hasMarker(text: string): boolean {
  return new RegExp(` \\d+\\.\\d+: tracing_mark_write: ${MARKER}$`, 'm').test(text);
}
