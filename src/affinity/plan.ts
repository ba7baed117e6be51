import { type VcpuCpus, vcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, formatCpuset, isSubset } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import { type DevicePolicy, devicePolicies } from '../domain/device-policies.js';
import { effectivePolicy, type PolicySettings } from '../domain/effective-policy.js';
import type { Interrupt } from '../host/interrupt.js';
import { isVfioDriver } from '../host/pci-device.js';
import type { DeviceInterrupt, DeviceSnapshot, HostSnapshot } from '../host/snapshot.js';
import { notVfio, vfioOwnership } from '../host/vfio-handlers.js';
import { absence, problemsOfAttribute, problemsOfMetadata, remoteness, unreadableDevice } from './problems.js';
import type { Action, DeviceReport, DomainReport, InterruptReport, Problem } from './report.js';
import { type TargetCpus, targetCpus } from './target-cpus.js';
import { vectorKey, type Written } from './vector-key.js';

/**
 * What is to be done about each interrupt of a domain's devices, and why. Pure: nothing is read, nothing written.
 * @param written what we wrote before, and `pending` where it was still delivered after that, by vector
 */
export function plan(
  definition: Definition,
  host: HostSnapshot,
  settings: PolicySettings = {},
  written: Written = new Map(),
  pending: Written = new Map(),
): DomainReport {
  const vcpus = vcpuCpus(definition.placement, host.threads, host.topology.online);
  const planner = new Planner(definition, host, settings, { written, pending }, vcpus);
  const { devices, stale } = devicePolicies(definition);
  return {
    name: definition.name,
    uuid: definition.uuid ?? null,
    vcpuCpus: vcpus.cpus ? formatCpuset(vcpus.cpus) : null,
    vcpuSource: vcpus.source,
    devices: devices.filter(concerned).map((stated) => planner.device(stated)),
    problems: problemsOfMetadata(definition, stale),
  };
}

/** A network's interface that states nothing is an ordinary one as a rule, with no device of the host behind it. */
function concerned({ device, policy, illegible }: DevicePolicy): boolean {
  return device.placeable && (device.source !== undefined || policy !== undefined || illegible === true);
}

class Planner {
  readonly #seen = new Set<string>();

  constructor(
    private readonly definition: Definition,
    private readonly host: HostSnapshot,
    private readonly settings: PolicySettings,
    private readonly known: { written: Written; pending: Written },
    private readonly vcpus: VcpuCpus,
  ) {}

  device(stated: DevicePolicy): DeviceReport {
    const { device } = stated;
    const { topology, devices, unreadable } = this.host;
    const { policy, origin } = effectivePolicy(stated, this.definition, this.settings);
    const wanted = targetCpus(policy, this.vcpus, topology.online, this.settings);
    const address = device.source?.address;
    const snapshot = address && devices.get(address);
    const error = address && unreadable?.get(address);
    // the first has its say: two policies for one device would fight
    const repeated = address !== undefined && this.#seen.has(address);
    if (address) this.#seen.add(address);
    const report: DeviceReport = {
      address: address ?? null,
      alias: device.alias?.name ?? null,
      element: device.element,
      policy: policy?.kind ?? 'native',
      origin,
      cpus: wanted.cpus ? wanted.list : null,
      numaNode: snapshot?.device.numaNode ?? null,
      interrupts: [],
      problems: [
        ...problemsOfAttribute(device),
        ...(wanted.problem ? [wanted.problem] : []),
        ...(error ? [unreadableDevice(error)] : absence(device, snapshot)),
        ...remoteness(snapshot, wanted.cpus, topology),
      ],
    };
    if (repeated) return { ...report, cpus: null, problems: [...report.problems, duplicate(address)] };
    const interrupts = snapshot?.interrupts.map((interrupt) => this.#interrupt(interrupt, snapshot, wanted));
    return { ...report, interrupts: interrupts ?? [] };
  }

  #interrupt(
    { irq, type, details, error }: DeviceInterrupt,
    { device }: DeviceSnapshot,
    wanted: TargetCpus,
  ): InterruptReport {
    const owned = vfioOwnership(details?.handlers ?? [], device.address);
    const report: InterruptReport = {
      irq,
      type,
      vector: owned.ours ? owned.vector : null,
      handlers: details?.handlers ?? [],
      affinity: details ? formatCpuset(details.affinity) : null,
      effective: details?.effective ? formatCpuset(details.effective) : null,
      wanted: wanted.cpus ? wanted.list : null,
      action: 'skip',
      reason: null,
      error: null,
      counts: this.host.counts.get(irq) ?? {},
    };
    if (!wanted.cpus) return { ...report, reason: wanted.reason };
    if (error) return { ...report, action: 'fail', reason: `${error.path} cannot be read`, error: error.code };
    if (!isVfioDriver(device.driver)) return { ...report, reason: notVfio(device.driver) };
    if (!details || !owned.ours) return { ...report, reason: owned.ours ? null : owned.reason };
    const key = vectorKey(device.address, irq, details.handlers[0] as string);
    const writtenBefore = this.known.written.get(key) === wanted.list;
    const pending = report.effective !== null && this.known.pending.get(key) === report.effective;
    return { ...report, ...decide(details, wanted.cpus, writtenBefore, pending) };
  }
}

/**
 * Writes where the mask differs and this set was not written to this vector yet; after that only where the mask is no longer
 * within it, for the kernel may shrink a mask, and a subset is satisfied.
 */
function decide(
  { affinity, effective }: Interrupt,
  wanted: Cpuset,
  writtenBefore: boolean,
  pending: boolean,
): { action: Action; reason: string | null } {
  const within = isSubset(affinity, wanted);
  const satisfied = within && (writtenBefore || isSubset(wanted, affinity));
  if (!satisfied) return { action: 'set', reason: null };
  if (!effective || isSubset(effective, wanted)) return { action: 'keep', reason: null };
  if (pending) return { action: 'keep', reason: untilItOccurs(effective) };
  return {
    action: 'fail',
    reason: `${still(effective)}: it has not occurred since, or that CPU set is out of vectors`,
  };
}

/** Without interrupt remapping the kernel moves an interrupt no sooner than it occurs (kernel: irq_move_pending). */
export function untilItOccurs(effective: Cpuset): string {
  return `${still(effective)}, until it occurs`;
}

function still(effective: Cpuset): string {
  return `still delivered to CPU ${formatCpuset(effective)}`;
}

function duplicate(address: string): Problem {
  return { rule: 'duplicate-device', severity: 'error', message: `${address} stands in the domain above already` };
}
