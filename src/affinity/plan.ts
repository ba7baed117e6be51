import { vcpuOfApicId } from '../domain/apic-id.js';
import { type VcpuCpus, vcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, EMPTY, equal, isSubset } from '../domain/cpuset.js';
import { effectivePolicy, type PolicySettings, settingsWithin } from '../domain/effective-policy.js';
import { localityOf, preferredCpus } from '../domain/locality.js';
import type { PlainDefinition, PlainDevice } from '../domain/plain-definition.js';
import type { Policy } from '../domain/policy.js';
import type { Interrupt } from '../host/interrupt.js';
import type { InterruptType, PciDevice } from '../host/pci-device.js';
import type { PostingOf } from '../host/posted-vectors.js';
import type { DeviceInterrupt, DeviceSnapshot, HostSnapshot } from '../host/snapshot.js';
import { type Ownership, vfioOwnership } from '../host/vfio-handlers.js';
import { type DevicePlan, type DomainPlan, type InterruptPlan, isPosted, type VectorPosting } from './domain-plan.js';
import { type EarlierWrites, NO_WRITES } from './earlier-writes.js';
import {
  absenceProblem,
  metadataProblems,
  notHeldProblems,
  type Problem,
  policyProblems,
  remoteNodeProblems,
  spreadProblems,
  unreadOwnerProblems,
  unseenVcpuProblems,
} from './problems.js';
import { type TargetCpus, targetCpus } from './target-cpus.js';
import { vectorKey } from './vector-key.js';
import { restOfSet, type Spread, spreadTargets, type VectorTarget, vectorTarget } from './vector-target.js';

/** Decides what to do about each interrupt of a domain's devices, and why. Pure: reads and writes nothing. */
export function plan(
  definition: PlainDefinition,
  host: HostSnapshot,
  settings: PolicySettings = {},
  earlier: EarlierWrites = NO_WRITES,
  postingOf: PostingOf = () => undefined,
): DomainPlan {
  const vcpus = vcpuCpus(definition.vcpuPinning, host.threads, host.topology.online);
  const { found } = definition;
  const planner = new Planner(definition, host, settingsWithin(settings, found?.limit), earlier, vcpus, postingOf);
  const devices = definition.devices.map((device) => planner.device(device));
  return {
    name: found?.statedName ?? definition.name,
    uuid: (found ? found.statedUuid : definition.uuid) ?? null,
    ...(found ? { found: { owner: found.owner, pid: found.pid } } : {}),
    vcpus,
    devices,
    problems: [
      ...(found?.problems ?? []),
      ...metadataProblems(definition),
      ...unseenVcpuProblems(devices, host.threads, definition.vcpuPinning),
      ...unreadOwnerProblems(devices, host.owners),
    ],
  };
}

class Planner {
  readonly #seen = new Set<string>();
  /**
   * of the previous device, which usually has the same set. `counted`: vCPUs of the policy; null: the policy is a
   * cpuset
   */
  #lastSpread: { cpus: Cpuset; counted: Cpuset | null; targets: VectorTarget[] } | undefined;

  constructor(
    private readonly definition: PlainDefinition,
    private readonly host: HostSnapshot,
    private readonly settings: PolicySettings,
    private readonly earlier: EarlierWrites,
    private readonly vcpus: VcpuCpus,
    private readonly postingOf: PostingOf,
  ) {}

  device(device: PlainDevice): DevicePlan {
    const { topology, devices, unreadable } = this.host;
    const { address, policy: own, origin: from, isInvalid } = device;
    const stated = { policy: own, origin: from, isInvalid, default: this.definition.default };
    const { policy, origin } = effectivePolicy(stated, this.settings);
    const snapshot = address && devices.get(address);
    const numaNode = snapshot?.device.numaNode;
    const locality = localityOf(numaNode, topology.nodes);
    const vcpus = this.#vcpusOf(policy);
    const target = targetCpus(policy, { vcpus, online: topology.online, locality }, this.settings);
    const spread = this.#spreadOf(policy, target.cpus);
    const error = address && unreadable?.get(address);
    const problems: Problem[] = [...policyProblems(device), ...(target.problem ? [target.problem] : [])];
    if (error) problems.push({ rule: 'device-unreadable', path: error.path, error: error.code });
    else if (!snapshot) problems.push(absenceProblem(device));
    if (spread) problems.push(...spreadProblems(policy, this.host.threads));
    if (snapshot && target.cpus) problems.push(...remoteNodeProblems(snapshot.device, target.cpus, locality, topology));
    const plan: DevicePlan = {
      address: address ?? null,
      alias: device.alias ?? null,
      element: device.element,
      policy: policy?.kind ?? 'native',
      origin,
      cpus: target.cpus ?? null,
      spread,
      numaNode: numaNode ?? null,
      locality,
      preferred: preferredCpus(locality, this.settings.locality),
      isUnreadable: error !== undefined,
      interrupts: [],
      problems,
    };
    if (address && this.#isRepeated(address)) {
      problems.push({ rule: 'duplicate-device', address });
      return { ...plan, cpus: null, spread: null };
    }
    const owner = address && target.cpus && this.host.owners?.others.get(address);
    if (owner) {
      problems.push({ rule: 'device-conflict', owner });
      return { ...plan, cpus: null, spread: null };
    }
    // its tracker learns soon that it has no such device any more; if that cannot be read, the domain has a problem
    if (address && this.host.owners?.closed.has(address)) return { ...plan, cpus: null, spread: null };
    const interrupts = snapshot?.interrupts.map((one) => this.#interrupt(one, snapshot, target, spread)) ?? [];
    if (this.host.threads && snapshot && target.cpus) problems.push(...notHeldProblems(snapshot.device, interrupts));
    return { ...plan, interrupts };
  }

  /** Only the first policy of a device counts, so that two entries do not overwrite each other's placement. */
  #isRepeated(address: string): boolean {
    const isRepeated = this.#seen.has(address);
    this.#seen.add(address);
    return isRepeated;
  }

  /** The vCPUs that a policy follows. */
  #vcpusOf(policy: Policy | undefined): VcpuCpus {
    if (policy?.kind !== 'auto' || !policy.vcpus) return this.vcpus;
    const { threads, topology } = this.host;
    return vcpuCpus(this.definition.vcpuPinning, threads, topology.online, policy.vcpus);
  }

  /**
   * Null without spread. The vCPUs of a running domain come from the names of QEMU's threads; without names no vCPU is
   * known.
   */
  #spreadOf(policy: Policy | undefined, cpus: Cpuset | undefined): Spread | null {
    if (!cpus || !policy || policy.kind === 'native' || !policy.spread) return null;
    const { threads, cores = [] } = this.host;
    const vcpus = threads ? threads.threads : this.definition.vcpuPinning.vcpus;
    const counted = policy.kind === 'auto' ? (policy.vcpus ?? EMPTY) : null;
    const last = this.#lastSpread;
    const isSame = last && equal(last.cpus, cpus) && (last.counted === counted || equal(last.counted, counted));
    const targets = isSame ? last.targets : spreadTargets(policy, cpus, { vcpus, cores });
    this.#lastSpread = { cpus, counted, targets };
    return { targets, controlVectors: policy.controlVectors };
  }

  #interrupt(
    { irq, type, details, error }: DeviceInterrupt,
    { device }: DeviceSnapshot,
    { cpus, reason }: TargetCpus,
    spread: Spread | null,
  ): InterruptPlan {
    const owned = vfioOwnership(details?.handlers ?? [], device.address);
    const vector = owned.ours ? owned.vector : null;
    const target = cpus ? targetOf(owned, device, cpus, spread) : null;
    const plan: InterruptPlan = {
      irq,
      type,
      vector,
      handlers: details?.handlers ?? [],
      affinity: details?.affinity ?? null,
      effective: details?.effective ?? null,
      wanted: cpus ?? null,
      target: target?.cpus ?? null,
      vcpu: target?.vcpu ?? null,
      posting: this.#postingOf(irq, type, details?.handlers ?? []),
      action: 'skip',
      reason: null,
      error: null,
      counts: this.host.counts.get(irq) ?? {},
    };
    if (!cpus) return { ...plan, reason };
    if (error) return { ...plan, action: 'fail', reason: { code: 'unreadable', path: error.path }, error: error.code };
    if (device.vfio === 'no') return { ...plan, reason: { code: 'not-vfio', driver: device.driver } };
    if (!details || !owned.ours || !target) return { ...plan, reason: owned.ours ? null : owned.reason };
    const key = vectorKey(device.address, irq, details.handlers[0] as string);
    const decision = this.#decide(key, details, target.cpus, cpus);
    if (decision.action === 'keep' || !isPosted(plan)) return Object.assign(plan, decision);
    return Object.assign(plan, { reason: { code: 'posted', vcpu: plan.posting.vcpu } });
  }

  /** KVM posts MSI and MSI-X only. */
  #postingOf(irq: number, type: InterruptType, handlers: readonly string[]): VectorPosting {
    const known = type === 'intx' ? { isPosted: false } : this.postingOf(irq, handlers);
    if (!known?.isPosted) return { state: known ? 'no' : 'unknown', vcpu: null };
    const { apicId, count = Number.POSITIVE_INFINITY } = known;
    // the host has taken it since the event: it is no longer posted
    const taken = Object.values(this.host.counts.get(irq) ?? {}).reduce((sum, one) => sum + one, 0);
    if (taken > count) return { state: 'no', vcpu: null };
    return { state: 'yes', vcpu: apicId === undefined ? null : vcpuOfApicId(apicId, this.definition.cpuTopology) };
  }

  /**
   * A target is written to a vector once. After that it is only written if the mask is no longer within the target,
   * because the kernel may narrow a mask. If it is not certain that this is the same vector, its mask must equal the
   * one after that write: another vector with the same number has a different mask.
   */
  #decide(
    key: string,
    { affinity, effective }: Interrupt,
    target: Cpuset,
    wanted: Cpuset,
  ): Pick<InterruptPlan, 'action' | 'reason'> {
    const { pending, written } = this.earlier;
    if (!equal(affinity, target) && !(isSubset(affinity, target) && this.#isWritten(key, affinity, target))) {
      const before = target === wanted ? undefined : written.get(key);
      const isOnRest = before && equal(before, restOfSet({ wanted, target })) && isSubset(affinity, before);
      return { action: 'set', reason: isOnRest ? { code: 'target-full', target } : null };
    }
    if (!effective || isSubset(effective, target)) return { action: 'keep', reason: null };
    if (equal(pending.get(key), effective)) return { action: 'keep', reason: { code: 'pending', effective } };
    return { action: 'fail', reason: { code: 'not-moved', effective } };
  }

  #isWritten(key: string, affinity: Cpuset, target: Cpuset): boolean {
    const { written, narrowed, continuityOf } = this.earlier;
    if (!equal(written.get(key), target)) return false;
    return equal(affinity, narrowed.get(key)) || continuityOf(key) === 'same';
  }
}

/**
 * Null if spread needs the number of the vector and no VFIO handler shows it. The type comes from the handler, which is
 * read again before a write.
 */
function targetOf(owned: Ownership, { irqs }: PciDevice, cpus: Cpuset, spread: Spread | null): VectorTarget | null {
  if (!spread) return { cpus, vcpu: null };
  return owned.ours ? vectorTarget(cpus, spread, { type: owned.type, vector: owned.vector, count: irqs.length }) : null;
}
