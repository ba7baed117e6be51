import { type VcpuCpus, vcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, equal, isSubset } from '../domain/cpuset.js';
import { effectivePolicy, type PolicySettings } from '../domain/effective-policy.js';
import { localityOf } from '../domain/locality.js';
import type { PlainDefinition, PlainDevice } from '../domain/plain-definition.js';
import type { Interrupt } from '../host/interrupt.js';
import type { DeviceInterrupt, DeviceSnapshot, HostSnapshot } from '../host/snapshot.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { DevicePlan, DomainPlan, InterruptPlan } from './domain-plan.js';
import { type EarlierWrites, NO_WRITES } from './earlier-writes.js';
import {
  absenceProblem,
  metadataProblems,
  notHeldProblems,
  type Problem,
  policyProblems,
  remoteNodeProblems,
  unreadOwnerProblems,
  unseenVcpuProblems,
} from './problems.js';
import { type TargetCpus, targetCpus } from './target-cpus.js';
import { vectorKey } from './vector-key.js';

/** What is to be done about each interrupt of a domain's devices, and why. Pure: nothing is read, nothing is written. */
export function plan(
  definition: PlainDefinition,
  host: HostSnapshot,
  settings: PolicySettings = {},
  earlier: EarlierWrites = NO_WRITES,
): DomainPlan {
  const vcpus = vcpuCpus(definition.vcpuPinning, host.threads, host.topology.online);
  const planner = new Planner(definition, host, settings, earlier, vcpus);
  const devices = definition.devices.map((device) => planner.device(device));
  return {
    name: definition.name,
    uuid: definition.uuid ?? null,
    vcpus,
    devices,
    problems: [
      ...metadataProblems(definition),
      ...unseenVcpuProblems(devices, host.threads),
      ...unreadOwnerProblems(devices, host.owners),
    ],
  };
}

class Planner {
  readonly #seen = new Set<string>();

  constructor(
    private readonly definition: PlainDefinition,
    private readonly host: HostSnapshot,
    private readonly settings: PolicySettings,
    private readonly earlier: EarlierWrites,
    private readonly vcpus: VcpuCpus,
  ) {}

  device(device: PlainDevice): DevicePlan {
    const { topology, devices, unreadable } = this.host;
    const { address, policy: own, isInvalid } = device;
    const stated = { policy: own, isInvalid, default: this.definition.default };
    const { policy, origin } = effectivePolicy(stated, this.settings);
    const snapshot = address && devices.get(address);
    const numaNode = snapshot?.device.numaNode;
    const locality = localityOf(numaNode, topology.nodes);
    const target = targetCpus(policy, { vcpus: this.vcpus, online: topology.online, locality }, this.settings);
    const error = address && unreadable?.get(address);
    const problems: Problem[] = [...policyProblems(device), ...(target.problem ? [target.problem] : [])];
    if (error) problems.push({ rule: 'device-unreadable', path: error.path, error: error.code });
    else if (!snapshot) problems.push(absenceProblem(device));
    if (snapshot && target.cpus) problems.push(...remoteNodeProblems(snapshot.device, target.cpus, locality, topology));
    const plan: DevicePlan = {
      address: address ?? null,
      alias: device.alias ?? null,
      element: device.element,
      policy: policy?.kind ?? 'native',
      origin,
      cpus: target.cpus ?? null,
      numaNode: numaNode ?? null,
      locality,
      isUnreadable: error !== undefined,
      interrupts: [],
      problems,
    };
    if (address && this.#isRepeated(address)) {
      problems.push({ rule: 'duplicate-device', address });
      return { ...plan, cpus: null };
    }
    const owner = address && target.cpus && this.host.owners?.others.get(address);
    if (owner) {
      problems.push({ rule: 'device-conflict', owner });
      return { ...plan, cpus: null };
    }
    const interrupts = snapshot?.interrupts.map((interrupt) => this.#interrupt(interrupt, snapshot, target)) ?? [];
    if (this.host.threads && snapshot && target.cpus) problems.push(...notHeldProblems(snapshot.device, interrupts));
    return { ...plan, interrupts };
  }

  /** The first policy for a device counts: two would fight. */
  #isRepeated(address: string): boolean {
    const isRepeated = this.#seen.has(address);
    this.#seen.add(address);
    return isRepeated;
  }

  #interrupt(
    { irq, type, details, error }: DeviceInterrupt,
    { device }: DeviceSnapshot,
    target: TargetCpus,
  ): InterruptPlan {
    const owned = vfioOwnership(details?.handlers ?? [], device.address);
    const plan: InterruptPlan = {
      irq,
      type,
      vector: owned.ours ? owned.vector : null,
      handlers: details?.handlers ?? [],
      affinity: details?.affinity ?? null,
      effective: details?.effective ?? null,
      wanted: target.cpus ?? null,
      action: 'skip',
      reason: null,
      error: null,
      counts: this.host.counts.get(irq) ?? {},
    };
    if (!target.cpus) return { ...plan, reason: target.reason };
    if (error) return { ...plan, action: 'fail', reason: { code: 'unreadable', path: error.path }, error: error.code };
    if (device.vfio === 'no') return { ...plan, reason: { code: 'not-vfio', driver: device.driver } };
    if (!details || !owned.ours) return { ...plan, reason: owned.ours ? null : owned.reason };
    const key = vectorKey(device.address, irq, details.handlers[0] as string);
    return { ...plan, ...this.#decide(key, details, target.cpus) };
  }

  /**
   * Writes a mask that differs if this set was not written to this vector yet; after that only if the mask is no longer within the set,
   * for the kernel may shrink a mask, and a subset is satisfied. Where nothing proves that it is this vector, its mask must be the one that
   * it had after the write: a vector that came back under its number has another.
   */
  #decide(key: string, { affinity, effective }: Interrupt, wanted: Cpuset): Pick<InterruptPlan, 'action' | 'reason'> {
    const { pending } = this.earlier;
    if (!equal(affinity, wanted) && !(isSubset(affinity, wanted) && this.#isWritten(key, affinity, wanted)))
      return { action: 'set', reason: null };
    if (!effective || isSubset(effective, wanted)) return { action: 'keep', reason: null };
    if (equal(pending.get(key), effective)) return { action: 'keep', reason: { code: 'pending', effective } };
    return { action: 'fail', reason: { code: 'not-moved', effective } };
  }

  #isWritten(key: string, affinity: Cpuset, wanted: Cpuset): boolean {
    const { written, narrowed, continuityOf } = this.earlier;
    if (!equal(written.get(key), wanted)) return false;
    return equal(affinity, narrowed.get(key)) || continuityOf(key) === 'same';
  }
}
