import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const TRACING = '/sys/kernel/tracing';
const INSTANCE = `${TRACING}/instances/rig`;
/** All writes to smp_affinity call this function with the IRQ as the first argument. */
const AFFINITY_PROBE = 'p:rig/affinity irq_set_affinity irq=$arg1:u32';
/** Where the kernel has no events of vectors: the request of an interrupt by a driver, and its end. */
const VECTOR_PROBES = ['p:rig/alloc request_threaded_irq irq=$arg1:u32', 'p:rig/teardown free_irq irq=$arg1:u32'];
const VECTOR_EVENTS =
  process.arch === 'x64' ? ['irq_vectors/vector_alloc', 'irq_vectors/vector_teardown'] : ['rig/alloc', 'rig/teardown'];

export interface TraceEvent {
  /** milliseconds on the kernel's monotonic clock */
  at: number;
  irq: number;
  /** a vector is allocated (or requested), is freed, or its mask is written */
  kind: 'alloc' | 'teardown' | 'affinity';
}

/** The kernel's own record of vectors and of writes to their masks, in the rig's own trace instance. */
export class KernelTrace {
  start(): void {
    const probes = process.arch === 'x64' ? [AFFINITY_PROBE] : [AFFINITY_PROBE, ...VECTOR_PROBES];
    for (const probe of probes) appendFileSync(`${TRACING}/kprobe_events`, `${probe}\n`);
    mkdirSync(INSTANCE);
    writeFileSync(`${INSTANCE}/trace_clock`, 'mono');
    for (const event of [...VECTOR_EVENTS, 'rig/affinity']) {
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
