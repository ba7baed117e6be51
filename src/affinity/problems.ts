import type { PciAddress } from '../domain/address.js';
import type { AddressShift } from '../domain/address-shift.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { Identity } from '../domain/identity.js';
import { type Locality, type RemotePart, remotePart } from '../domain/locality.js';
import type { FoundProblem, PlainDefinition, PlainDevice } from '../domain/plain-definition.js';
import type { Policy, PolicyAttribute } from '../domain/policy.js';
import type { OtherOwner, Ownership } from '../host/device-owners.js';
import type { PciDevice } from '../host/pci-device.js';
import type { VcpuThreads } from '../host/qemu-threads.js';
import type { Topology } from '../host/topology.js';
import { type NotOwned, vfioAddress } from '../host/vfio-handlers.js';
import { isSharedElsewhere, type PlannedLine } from './shared-line.js';

/**
 * Something that prevents placement, or makes it useless. report/problem-report.ts has severities and texts. If lint
 * has the same rule, it has the same name.
 */
export type Problem =
  | FoundProblem
  | { rule: 'metadata-syntax'; identity: Identity | undefined; message: string }
  | { rule: 'entry-stale'; identity: Identity }
  | { rule: 'cpuset-syntax' | 'policy-invalid'; attribute: PolicyAttribute; message: string }
  | { rule: 'address-shifted'; address: PciAddress; shift: AddressShift }
  | { rule: 'no-device-yet'; element: PlainDevice['element'] }
  | { rule: 'device-absent' | 'duplicate-device'; address: PciAddress }
  | { rule: 'device-unreadable'; path: string; error: string }
  | { rule: 'device-conflict'; owner: OtherOwner }
  | { rule: 'open-devices-unread'; path: string; error: string }
  /** of a running domain: interrupts of other drivers than VFIO are not written */
  | { rule: 'not-vfio'; driver: string | undefined }
  | { rule: 'foreign-handler'; reason: NotOwned }
  /** `elsewhere`: set if the line is on other CPUs than wanted */
  | { rule: 'shared-line'; reason: NotOwned; elsewhere: { irq: number; wanted: Cpuset } | null }
  | { rule: 'remote-node'; node: number; remote: RemotePart }
  | { rule: 'auto-unknown' | 'auto-unpinned' | 'not-running' }
  | { rule: 'qemu-hidden'; pid: number }
  /** isPinned: the definition tells where they are */
  | { rule: 'vcpus-unseen'; pid: number; isPinned: boolean }
  /** auto: none of the vCPUs that the policy names is there */
  | { rule: 'vcpus-unknown'; vcpus: Cpuset }
  /** spread: no QEMU thread can be matched to a vCPU */
  | { rule: 'spread-unseen'; pid: number }
  | { rule: 'cpus-left-out'; asked: Cpuset; left: Cpuset }
  | { rule: 'no-usable-cpu'; asked: Cpuset; because: 'none-online' | 'none-allowed' };

/** Entries that match no device. */
export function metadataProblems({ metadataProblems, stale }: PlainDefinition): Problem[] {
  const problems = metadataProblems.map((problem): Problem => ({ rule: 'metadata-syntax', ...problem }));
  return [...problems, ...stale.map((identity): Problem => ({ rule: 'entry-stale', identity }))];
}

/** `auto` follows the vCPUs, and no thread of the running QEMU shows where they are. */
export function unseenVcpuProblems(
  devices: readonly { policy: string }[],
  qemu: VcpuThreads | undefined,
  { vcpus }: PlainDefinition['vcpuPinning'],
): Problem[] {
  const isUnseen = qemu && !qemu.cpus && devices.some(({ policy }) => policy === 'auto');
  return isUnseen ? [{ rule: 'vcpus-unseen', pid: qemu.pid, isPinned: vcpus.length > 0 }] : [];
}

/**
 * `spread` with auto divides the vectors among the vCPUs, but no thread of the running QEMU can be matched to a vCPU.
 */
export function spreadProblems(policy: Policy | undefined, qemu: VcpuThreads | undefined): Problem[] {
  const isUnseen = policy?.kind === 'auto' && qemu && qemu.threads.length === 0;
  return isUnseen ? [{ rule: 'spread-unseen', pid: qemu.pid }] : [];
}

/** The list of devices that QEMU has open was needed and could not be read. */
export function unreadOwnerProblems(
  devices: readonly { cpus: Cpuset | null }[],
  owners: Ownership | undefined,
): Problem[] {
  if (!owners?.unreadable || (owners.closed.size === 0 && devices.every(({ cpus }) => cpus === null))) return [];
  const { path, code } = owners.unreadable;
  return [{ rule: 'open-devices-unread', path, error: code }];
}

/** Errors in the policy of a device. */
export function policyProblems({ address, attributeErrors, shift }: PlainDevice): Problem[] {
  const problems: Problem[] = attributeErrors.map(({ isOfCpuset, attribute, message }) => ({
    rule: isOfCpuset ? 'cpuset-syntax' : 'policy-invalid',
    attribute,
    message,
  }));
  if (address && shift) problems.push({ rule: 'address-shifted', address, shift });
  return problems;
}

/** The host does not have the device, or the domain has none yet. */
export function absenceProblem({ address, element }: PlainDevice): Problem {
  return address ? { rule: 'device-absent', address } : { rule: 'no-device-yet', element };
}

/**
 * Why interrupts of a running domain's device cannot be placed. A vector without a handler is not in use; a vector with
 * VFIO's handler for another device has just been freed.
 */
export function notHeldProblems({ driver, vfio }: PciDevice, interrupts: readonly PlannedLine[]): Problem[] {
  if (vfio === 'no') return [{ rule: 'not-vfio', driver }];
  for (const interrupt of interrupts) {
    const { type, irq, reason, wanted } = interrupt;
    if (reason?.code === 'shared') {
      const elsewhere = wanted && isSharedElsewhere(interrupt) ? { irq, wanted } : null;
      return [{ rule: 'shared-line', reason, elsewhere }];
    }
    if (reason?.code !== 'other-handler' || reason.handlers.some(vfioAddress)) continue;
    // a line without a VFIO handler is not in use
    if (type === 'intx' && vfio === 'yes') continue;
    return [{ rule: 'foreign-handler', reason }];
  }
  return [];
}

/** An interrupt on another node than its device crosses the interconnect. */
export function remoteNodeProblems(
  { numaNode }: PciDevice,
  cpus: Cpuset,
  locality: Locality | undefined,
  { nodes }: Topology,
): Problem[] {
  const remote = remotePart(cpus, locality, nodes);
  return remote && numaNode !== undefined ? [{ rule: 'remote-node', node: numaNode, remote }] : [];
}
