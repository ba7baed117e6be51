import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const TRACING = '/sys/kernel/tracing';
const INSTANCE = `${TRACING}/instances/rig`;
/** All writes to smp_affinity call this function with the IRQ as the first argument. */
const PROBE = 'p:rig/affinity irq_set_affinity irq=%di:u32';

export interface TraceEvent {
  /** milliseconds on the kernel's monotonic clock */
  at: number;
  irq: number;
  /** a vector is allocated, is freed, or its mask is written */
  kind: 'alloc' | 'teardown' | 'affinity';
}

/** The kernel's own record of vectors and of writes to their masks, in the rig's own trace instance. */
export class KernelTrace {
  start(): void {
    appendFileSync(`${TRACING}/kprobe_events`, `${PROBE}\n`);
    mkdirSync(INSTANCE);
    writeFileSync(`${INSTANCE}/trace_clock`, 'mono');
    for (const event of ['irq_vectors/vector_alloc', 'irq_vectors/vector_teardown', 'rig/affinity']) {
      writeFileSync(`${INSTANCE}/events/${event}/enable`, '1');
    }
  }

  /** The events since the last call, oldest first. */
  take(): TraceEvent[] {
    const lines = readFileSync(`${INSTANCE}/trace`, 'utf8').split('\n');
    writeFileSync(`${INSTANCE}/trace`, '');
    return lines.flatMap((line) => {
      const match = /(\d+\.\d+): (?:vector_)?(alloc|teardown|affinity):.*?\birq=(\d+)/.exec(line);
      return match
        ? [{ at: Number(match[1]) * 1000, kind: match[2] as TraceEvent['kind'], irq: Number(match[3]) }]
        : [];
    });
  }
}
