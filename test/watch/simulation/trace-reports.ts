import type { CpuRange } from '../../../src/domain/cpuset.js';
import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';

/**
 * What the kernel reports of new interrupts. vectors: their IRQs (x86); requests: the threads that requested them, and
 * that somebody wrote an affinity (arm64); unnamed-requests: the same in a PID namespace, where threads have no number
 * and our own writes are reported, too.
 */
export type TraceSource = 'vectors' | 'requests' | 'unnamed-requests';

/** What is reported together. */
export interface TraceReport {
  irqs: number[];
  /** addresses of the devices whose interrupts were requested for VFIO */
  requested: string[];
  /** somebody wrote an affinity */
  isMoved: boolean;
}

interface Before {
  effective: readonly CpuRange[];
  handlers: readonly string[];
}

/** The state of all interrupts, to which a later one is compared. */
export function interruptsNow(interrupts: Iterable<SimulatedInterrupt>): Map<SimulatedInterrupt, Before> {
  return new Map([...interrupts].map((one) => [one, { effective: one.effective, handlers: [...one.handlers] }]));
}

/** What the kernel reports of a change. @param isMove an affinity was written, by whomever */
export function reportOf(
  source: TraceSource,
  before: ReadonlyMap<SimulatedInterrupt, Before>,
  interrupts: Iterable<SimulatedInterrupt>,
  isMove: boolean,
): TraceReport {
  const after = [...interrupts];
  if (source === 'vectors') {
    const named = after.filter((one) => one.effective.length > 0 && before.get(one)?.effective !== one.effective);
    return { irqs: named.map(({ irq }) => irq), requested: [], isMoved: false };
  }
  const handlers = after.flatMap((one) => one.handlers.filter((name) => !before.get(one)?.handlers.includes(name)));
  const requested = handlers.flatMap((name) => /^vfio-[^(]*\((.*)\)$/.exec(name)?.[1] ?? []);
  return { irqs: [], requested: [...new Set(requested)], isMoved: isMove };
}
