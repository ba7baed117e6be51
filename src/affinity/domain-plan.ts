import type { PciAddress } from '../domain/address.js';
import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, EMPTY, isSubset } from '../domain/cpuset.js';
import type { EffectivePolicy } from '../domain/effective-policy.js';
import { areRemote, type Locality } from '../domain/locality.js';
import type { InterruptType } from '../host/pci-device.js';
import type { Problem } from './problems.js';
import type { Reason } from './reason.js';
import type { Spread } from './vector-target.js';

/** What is to be done for a domain, or, after a pass, what was done. report/ makes text of it. */
export interface DomainPlan {
  name: string;
  /** as in the definition */
  uuid: string | null;
  /** the CPUs of all vCPUs, and what they were learned from */
  vcpus: VcpuCpus;
  devices: DevicePlan[];
  /** problems of no particular device */
  problems: Problem[];
}

export interface DevicePlan {
  /** null: the interface of a network has no device until the domain starts */
  address: PciAddress | null;
  alias: string | null;
  element: 'hostdev' | 'interface';
  policy: 'auto' | 'native' | 'cpuset';
  origin: EffectivePolicy['origin'];
  /** where its interrupts are to go; null: nothing is to be written */
  cpus: Cpuset | null;
  /** how its vectors are divided among these; null: each is to have all */
  spread: Spread | null;
  numaNode: number | null;
  locality: Locality | undefined;
  /** true: it could not be read, and which interrupts it has is unknown */
  isUnreadable: boolean;
  interrupts: InterruptPlan[];
  problems: Problem[];
}

/** set: written, or to be written; keep: as wanted; skip: must not be written; fail: should be as wanted and is not. */
export type Action = 'set' | 'keep' | 'skip' | 'fail';

/**
 * Whether the hardware delivers an interrupt to a vCPU without the host: it is not taken on any CPU then, and its
 * affinity has no effect. `vcpu`: null where the guest has no vCPU with the APIC ID that KVM names.
 */
export interface VectorPosting {
  state: 'no' | 'yes' | 'unknown';
  vcpu: number | null;
}

export interface InterruptPlan {
  irq: number;
  type: InterruptType;
  /** of MSI-X and MSI; null for a legacy line, and if no VFIO handler names one */
  vector: number | null;
  handlers: readonly string[];
  /** null: nobody has requested the vector */
  affinity: Cpuset | null;
  /** null: the kernel does not say, or names no CPU */
  effective: Cpuset | null;
  /** the policy's CPUs on this host; null: nothing is to be written */
  wanted: Cpuset | null;
  /**
   * the part of them that it is to have: all of them without spread. Null too if its vector is to be spread and not
   * known
   */
  target: Cpuset | null;
  /** the vCPU whose CPUs the target is; null: of none in particular */
  vcpu: number | null;
  posting: VectorPosting;
  action: Action;
  reason: Reason | null;
  /** the error code of a read or write, such as ENOSPC */
  error: string | null;
  /** how often each CPU took it; empty if that was not asked for */
  counts: Record<string, number>;
  /** the fast path has written it: `affinity` is what it had before, and it is only read back */
  isWritten?: true;
  /** its target had no room a moment ago: the rest of the set is tried first; after a failure: that was of the rest */
  isTargetFull?: true;
}

/** Whether an interrupt of a device is one of those that are asked for. */
export type InterruptTest = (interrupt: InterruptPlan, device: DevicePlan) => boolean;

/** The plan with another decision on some interrupts. @param address of the device */
export function mapInterrupts(
  plan: DomainPlan,
  decide: (interrupt: InterruptPlan, address: PciAddress) => InterruptPlan,
): DomainPlan {
  const devices = plan.devices.map((device) => {
    const { address, interrupts } = device;
    return address === null ? device : { ...device, interrupts: interrupts.map((one) => decide(one, address)) };
  });
  return { ...plan, devices };
}

export const isPosted = ({ posting }: Pick<InterruptPlan, 'posting'>): boolean => posting.state === 'yes';

/**
 * Whether an interrupt is delivered to another node than its device's. Null: unknown, or no CPU of the host takes it.
 * Where the kernel does not tell the CPU, its mask may.
 */
export function isRemote(
  { effective, affinity, handlers, posting }: Pick<InterruptPlan, 'effective' | 'affinity' | 'handlers' | 'posting'>,
  { locality }: Pick<DevicePlan, 'locality'>,
): boolean | null {
  if (posting.state === 'yes') return null;
  return areRemote(effective ?? (handlers.length > 0 ? affinity : null) ?? EMPTY, locality);
}

/** Whether a line that VFIO shares with others, and that is therefore not written, is not where it is wanted. */
export function isSharedElsewhere({
  reason,
  affinity,
  effective,
  wanted,
}: Pick<InterruptPlan, 'reason' | 'affinity' | 'effective' | 'wanted'>): boolean {
  const used = effective ?? affinity;
  return reason?.code === 'shared' && used !== null && wanted !== null && !isSubset(used, wanted);
}

/**
 * The plan as people are told of it: a shared line that is wanted elsewhere is a failure. Nothing is written there, so
 * for the passes it is an interrupt to be left alone.
 */
export function withSharedLinesFailed(plan: DomainPlan): DomainPlan {
  return mapInterrupts(plan, (one) => (isSharedElsewhere(one) ? { ...one, action: 'fail' } : one));
}

/**
 * Whether an interrupt is not where its policy wants it. Of one that cannot be read that is unknown: false.
 * @param isApplied the plan was carried out: what is `set` has been written
 */
export function isMisplaced({ action, reason }: Pick<InterruptPlan, 'action' | 'reason'>, isApplied = false): boolean {
  return action === 'fail' ? reason?.code !== 'unreadable' : action === 'set' && !isApplied;
}
