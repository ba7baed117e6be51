import type { PciAddress } from '../domain/address.js';
import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, EMPTY } from '../domain/cpuset.js';
import type { EffectivePolicy } from '../domain/effective-policy.js';
import { areRemote, type Locality } from '../domain/locality.js';
import type { InterruptType } from '../host/pci-device.js';
import type { Problem } from './problems.js';
import type { Reason } from './reason.js';
import { isSharedElsewhere } from './shared-line.js';
import type { Spread } from './vector-target.js';

/** The plan for a domain, or, after a pass, its result. report/ makes text of it. */
export interface DomainPlan {
  name: string;
  /** as in the definition */
  uuid: string | null;
  /** of a guest that was found as a process: whose it is, and the process */
  found?: { owner: string; pid: number };
  /** the CPUs of all vCPUs, and what they were learned from */
  vcpus: VcpuCpus;
  devices: DevicePlan[];
  /** problems of the whole domain */
  problems: Problem[];
}

export interface DevicePlan {
  /** null: the interface is on a network, which assigns a device when the domain starts */
  address: PciAddress | null;
  alias: string | null;
  element: 'hostdev' | 'interface';
  policy: 'auto' | 'native' | 'cpuset';
  origin: EffectivePolicy['origin'];
  /** the CPUs of its policy; null: nothing is to be written */
  cpus: Cpuset | null;
  /** how its vectors are divided among these CPUs; null: each vector gets all of them */
  spread: Spread | null;
  numaNode: number | null;
  locality: Locality | undefined;
  /** where its interrupts are to be delivered if their affinity has CPUs there; empty: no preference */
  preferred: Cpuset;
  /** true: it could not be read, so its interrupts are unknown */
  isUnreadable: boolean;
  interrupts: InterruptPlan[];
  problems: Problem[];
}

/**
 * set: written, or to be written; keep: already correct; skip: must not be written; fail: should be correct and is not.
 */
export type Action = 'set' | 'keep' | 'skip' | 'fail';

/**
 * Whether the hardware delivers an interrupt directly to a vCPU: no host CPU takes it then, and its affinity has no
 * effect. `vcpu`: null if the guest has no vCPU with the APIC ID that KVM reports.
 */
export interface VectorPosting {
  state: 'no' | 'yes' | 'unknown';
  vcpu: number | null;
}

export interface InterruptPlan {
  irq: number;
  type: InterruptType;
  /** of MSI-X and MSI; null for a legacy line, or if no VFIO handler names a vector */
  vector: number | null;
  handlers: readonly string[];
  /** null: no driver has requested the vector */
  affinity: Cpuset | null;
  /** null: the kernel does not report it, or it is empty */
  effective: Cpuset | null;
  /** CPUs of the policy on this host; null: nothing is to be written */
  wanted: Cpuset | null;
  /**
   * the part of `wanted` that it is to get; without spread, all of it. Null also if its vector is unknown and the
   * policy spreads
   */
  target: Cpuset | null;
  /** the vCPU whose CPUs are the target; null: no single vCPU */
  vcpu: number | null;
  posting: VectorPosting;
  action: Action;
  reason: Reason | null;
  /** the error code of a read or write, such as ENOSPC */
  error: string | null;
  /** how often each CPU took it; empty if counts were not requested */
  counts: Record<string, number>;
  /** the fast path has written it: `affinity` is the value before that, and it is only read back */
  isWritten?: true;
  /** its target had no room a moment ago: the rest of the set is tried first; after a failure: that was of the rest */
  isTargetFull?: true;
}

/** Whether an interrupt of a device is selected. */
export type InterruptTest = (interrupt: InterruptPlan, device: DevicePlan) => boolean;

/**
 * A copy of the plan with other decisions on some interrupts.
 * @param address of the device
 */
export function mapInterrupts(
  plan: DomainPlan,
  decide: (interrupt: InterruptPlan, address: PciAddress, device: DevicePlan) => InterruptPlan,
): DomainPlan {
  const devices = plan.devices.map((device) => {
    const { address, interrupts } = device;
    return address === null ? device : { ...device, interrupts: interrupts.map((one) => decide(one, address, device)) };
  });
  return { ...plan, devices };
}

export const isPosted = ({ posting }: Pick<InterruptPlan, 'posting'>): boolean => posting.state === 'yes';

/**
 * Whether an interrupt is delivered to another node than its device's. Null: unknown, or no host CPU takes it. If the
 * kernel does not report the CPU, the mask is used where it gives the answer.
 */
export function isRemote(
  { effective, affinity, handlers, posting }: Pick<InterruptPlan, 'effective' | 'affinity' | 'handlers' | 'posting'>,
  { locality }: Pick<DevicePlan, 'locality'>,
): boolean | null {
  // the kernel keeps the effective affinity of an interrupt that nobody handles
  if (posting.state === 'yes' || handlers.length === 0) return null;
  return areRemote(effective ?? affinity ?? EMPTY, locality);
}

/**
 * The plan for reports: a shared line on other CPUs than wanted counts as a failure. Passes do not use it: for them a
 * shared line is an interrupt to leave alone.
 */
export function withSharedLinesFailed(plan: DomainPlan): DomainPlan {
  return mapInterrupts(plan, (one) => (isSharedElsewhere(one) ? { ...one, action: 'fail' } : one));
}

/**
 * Whether an interrupt is on other CPUs than its policy wants: the one definition for reports, filters and metrics. A
 * shared line that is elsewhere counts. False if it cannot be read.
 * @param isApplied the plan was carried out: interrupts with `set` were written
 */
export function isMisplaced(interrupt: InterruptPlan, isApplied = false): boolean {
  const { action, reason } = interrupt;
  switch (action) {
    case 'set':
      return !isApplied;
    case 'fail':
      return reason?.code !== 'unreadable';
    case 'skip':
      // a repair or a retry waits
      return reason?.code === 'contested' || reason?.code === 'retry-later' || isSharedElsewhere(interrupt);
    case 'keep':
      return false;
  }
}
