import { readlinkSync } from 'node:fs';
import { pid } from 'node:process';

/** Files of a trace instance, by their names in it. */
export interface InstanceFiles {
  has(file: string): boolean;
  /** null if it cannot be read */
  read(file: string): string | null;
  /** Replaces the contents. @throws the system's error */
  write(file: string, text: string): void;
  /** Adds to the contents. @throws the system's error */
  append(file: string, text: string): void;
}

/** What makes the kernel report new vectors in a trace instance. */
export interface TraceSource {
  isAvailable(files: InstanceFiles): boolean;
  /** @throws the system's error */
  enable(files: InstanceFiles): void;
  /** Never throws. */
  disable(files: InstanceFiles): void;
  /** settings that another program could change, so that no events arrive */
  readonly watched: readonly string[];
  /** files outside of the instance; while one of them is 0, no events arrive */
  readonly kernelSettings: readonly string[];
}

/** Only this event names the IRQ (x86). */
const EVENT = 'events/irq_vectors/vector_alloc/enable';
const FILTER = 'events/irq_vectors/vector_alloc/filter';

const VECTOR_EVENTS: TraceSource = {
  isAvailable: (files) => files.has(EVENT),
  enable(files) {
    // excludes the events of our own writes, each of which gives an interrupt another vector
    for (const filter of ['0\n', isInitialNamespace() ? `common_pid != ${pid}\n` : '0\n'])
      attempt(() => files.write(FILTER, filter));
    files.write(EVENT, '1');
  },
  disable: (files) => attempt(() => files.write(EVENT, '0')),
  watched: [EVENT, FILTER],
  kernelSettings: [],
};

/** A driver requests an interrupt; somebody writes an affinity. The kernel calls both seldom. */
export const REQUEST = 'request_threaded_irq';
export const MOVE = 'irq_set_affinity';
const TRACER = 'current_tracer';
const FUNCTIONS = 'set_ftrace_filter';
const NOT_PIDS = 'set_ftrace_notrace_pid';
const NO_TRACER = 'nop\n';

/** The tracer of functions, limited to these two: it names the thread that calls, but not the IRQ. */
const FUNCTION_CALLS: TraceSource = {
  isAvailable: (files) => words(files.read('available_tracers')).includes('function') && files.has(FUNCTIONS),
  enable(files) {
    // A killed watcher may have left the tracer on, and an empty filter is one for all functions: the tracer stays off
    // until the filter is known to be right.
    files.write(TRACER, NO_TRACER);
    files.write(FUNCTIONS, `${REQUEST}\n`);
    attempt(() => files.append(FUNCTIONS, `${MOVE}\n`));
    const traced = words(files.read(FUNCTIONS));
    if (!traced.includes(REQUEST) || traced.some((name) => name !== REQUEST && name !== MOVE))
      throw new Error(`the filter of functions became "${traced.join(' ')}"`);
    // our own writes of affinities
    attempt(() => files.write(NOT_PIDS, isInitialNamespace() ? `${pid}\n` : '\n'));
    files.write(TRACER, 'function\n');
  },
  disable: (files) => attempt(() => files.write(TRACER, NO_TRACER)),
  watched: [TRACER, FUNCTIONS, NOT_PIDS],
  kernelSettings: ['/proc/sys/kernel/ftrace_enabled'],
};

/** The best source first. */
export const TRACE_SOURCES: readonly TraceSource[] = [VECTOR_EVENTS, FUNCTION_CALLS];

const words = (text: string | null) => (text ?? '').split(/\s+/).filter(Boolean);

/**
 * Trace events have PIDs of the initial PID namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h). In another
 * namespace our PID differs from that.
 */
export function isInitialNamespace(): boolean {
  return readlinkSync('/proc/self/ns/pid') === `pid:[${0xeffffffc}]`;
}

/** Ignores errors: the file has gone, or the kernel refuses. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // either is harmless where this is called
  }
}
