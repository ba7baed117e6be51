import { type Cpuset, equal, formatCpuset, intersect, isSubset } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import type { Device } from '../domain/devices.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import type { Policy } from '../domain/policy.js';
import { type StatedPolicy, statedPolicies } from '../domain/stated-policies.js';
import type { DeviceInterrupt, DeviceSnapshot, HostSnapshot } from '../host/snapshot.js';
import { isVfioDriver, notVfio, ownership } from './handlers.js';
import type { Action, DeviceReport, DomainReport, InterruptReport, Problem } from './report.js';
import { type VcpuCpus, vcpuCpus } from './vcpu-cpus.js';
import { vectorKey, type Written } from './written.js';

/** What the host's administrator has a say in. */
export interface PlanSettings {
  /** for domains that state no default */
  default?: DefaultPolicy;
  /** interrupts go nowhere else, whatever a domain asks */
  allowedCpus?: Cpuset;
}

/** What is to be done about each interrupt of a domain's devices, and why. Pure: nothing is read, nothing written. */
export function plan(
  definition: Definition,
  host: HostSnapshot,
  settings: PlanSettings = {},
  written: Written = new Map(),
): DomainReport {
  const vcpus = vcpuCpus(definition.placement, host.threads, host.topology.online);
  const planner = new Planner(definition, host, settings, written, vcpus);
  return {
    name: definition.name,
    uuid: definition.uuid ?? null,
    vcpuCpus: vcpus.cpus ? formatCpuset(vcpus.cpus) : null,
    vcpuSource: vcpus.source,
    devices: statedPolicies(definition)
      .devices.filter(({ device }) => device.placeable)
      .map((stated) => planner.device(stated)),
  };
}

/** The set that a device's interrupts are to have, or why none is to be written. */
type Wanted = { cpus: Cpuset } | { cpus: undefined; reason: string; problem?: Problem };

class Planner {
  constructor(
    private readonly definition: Definition,
    private readonly host: HostSnapshot,
    private readonly settings: PlanSettings,
    private readonly written: Written,
    private readonly vcpus: VcpuCpus,
  ) {}

  device(stated: StatedPolicy): DeviceReport {
    const { device } = stated;
    const { policy, origin } = this.#policyOf(stated);
    const wanted = this.#wanted(policy);
    const snapshot = device.source?.address ? this.host.devices.get(device.source.address) : undefined;
    const problems = [...(wanted.cpus || !wanted.problem ? [] : [wanted.problem]), ...absence(device, snapshot)];
    return {
      address: device.source?.address ?? null,
      alias: device.alias?.name ?? null,
      element: device.element,
      policy: policy.kind,
      origin,
      cpus: wanted.cpus ? formatCpuset(wanted.cpus) : null,
      numaNode: snapshot?.device.numaNode ?? null,
      interrupts: snapshot ? snapshot.interrupts.map((interrupt) => this.#interrupt(interrupt, snapshot, wanted)) : [],
      problems,
    };
  }

  #policyOf({ device, policy }: StatedPolicy): { policy: Policy; origin: DeviceReport['origin'] } {
    if (policy) return { policy, origin: device.attribute ? 'attribute' : 'entry' };
    const domain = this.definition.metadata[0]?.default;
    if (domain) return { policy: { kind: domain }, origin: 'domain-default' };
    return { policy: { kind: this.settings.default ?? 'native' }, origin: 'host-default' };
  }

  #wanted(policy: Policy): Wanted {
    if (policy.kind === 'native') return { cpus: undefined, reason: 'the policy is native' };
    if (policy.kind === 'auto' && !this.vcpus.cpus) {
      const { reason } = this.vcpus;
      return { cpus: undefined, reason, problem: { rule: 'auto-unpinned', severity: 'warning', message: reason } };
    }
    const asked = policy.kind === 'cpuset' ? policy.set : (this.vcpus.cpus as Cpuset);
    const { allowedCpus } = this.settings;
    const online = intersect(asked, this.host.topology.online);
    const cpus = allowedCpus ? intersect(online, allowedCpus) : online;
    if (cpus.length > 0) return { cpus };
    const reason = online.length > 0 ? 'none of its CPUs is among allowedCpus' : 'none of its CPUs is online';
    const message = `${formatCpuset(asked)}: ${reason}`;
    return { cpus: undefined, reason, problem: { rule: 'no-usable-cpu', severity: 'error', message } };
  }

  #interrupt({ irq, type, details }: DeviceInterrupt, { device }: DeviceSnapshot, wanted: Wanted): InterruptReport {
    const owned = ownership(details?.handlers ?? [], device.address);
    const report: InterruptReport = {
      irq,
      type,
      vector: owned.ours ? owned.vector : null,
      handlers: details?.handlers ?? [],
      affinity: details ? formatCpuset(details.affinity) : null,
      effective: details?.effective ? formatCpuset(details.effective) : null,
      wanted: wanted.cpus ? formatCpuset(wanted.cpus) : null,
      action: 'skip',
      reason: null,
      error: null,
      counts: this.host.counts.get(irq) ?? {},
    };
    if (!wanted.cpus) return { ...report, reason: wanted.reason };
    if (!isVfioDriver(device.driver)) return { ...report, reason: notVfio(device.driver) };
    if (!details || !owned.ours) return { ...report, reason: owned.ours ? null : owned.reason };
    const before = this.written.get(vectorKey(device.address, irq, details.handlers[0] ?? ''));
    return { ...report, ...decide(details.affinity, details.effective, wanted.cpus, before) };
  }
}

/**
 * Writes where the mask differs and this set was not written to this vector yet; after that only where the mask is no longer
 * within it, for the kernel may shrink a mask, and a subset is satisfied.
 */
function decide(
  affinity: Cpuset,
  effective: Cpuset | undefined,
  wanted: Cpuset,
  before: string | undefined,
): { action: Action; reason: string | null } {
  const satisfied = equal(affinity, wanted) || (before === formatCpuset(wanted) && isSubset(affinity, wanted));
  if (!satisfied) return { action: 'set', reason: null };
  return effective && !isSubset(effective, wanted)
    ? { action: 'fail', reason: strayed(effective) }
    : { action: 'keep', reason: null };
}

/** Out of vectors, the kernel delivers outside of the mask without an error. */
export function strayed(effective: Cpuset): string {
  return `delivered to CPU ${formatCpuset(effective)} all the same: that CPU set may be out of vectors`;
}

function absence({ source, element }: Device, snapshot: DeviceSnapshot | undefined): Problem[] {
  if (snapshot) return [];
  if (!source?.address) {
    const message = element === 'interface' ? 'its device is chosen when the domain starts' : 'it names no device';
    return [{ rule: 'no-device-yet', severity: 'note', message }];
  }
  return [{ rule: 'device-absent', severity: 'error', message: `the host has no device ${source.address}` }];
}
