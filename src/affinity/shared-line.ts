import { type Cpuset, isSubset } from '../domain/cpuset.js';
import type { InterruptType } from '../host/pci-device.js';
import type { Reason } from './reason.js';

/** The parts of a planned interrupt that show whether its line is shared. */
export interface PlannedLine {
  irq: number;
  type: InterruptType;
  affinity: Cpuset | null;
  effective: Cpuset | null;
  wanted: Cpuset | null;
  reason: Reason | null;
}

/** Whether a line that is shared with other handlers, and therefore not written, is on other CPUs than wanted. */
export function isSharedElsewhere({ reason, affinity, effective, wanted }: Omit<PlannedLine, 'irq' | 'type'>): boolean {
  const used = effective ?? affinity;
  return reason?.code === 'shared' && used !== null && wanted !== null && !isSubset(used, wanted);
}
