import { type VcpuCpus, vcpuCpus } from '../../domain/auto-cpus.js';
import { type Cpuset, EMPTY } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { type DevicePolicy, devicePolicies } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import { effectivePolicy, type PolicySettings, usableCpus } from '../../domain/effective-policy.js';
import { type Locality, localCpus, localityOf } from '../../domain/locality.js';
import type { Policy } from '../../domain/policy.js';
import type { Irqbalance } from '../../host/irqbalance.js';
import type { Posting } from '../../host/posting.js';
import type { DeviceSnapshot, HostSnapshot } from '../../host/snapshot.js';
import type { Report, RuleInfo } from '../rule.js';

/** The host that the rules check against: its state and its configuration. */
export interface LintHost extends PolicySettings {
  snapshot: HostSnapshot;
  irqbalance?: Irqbalance | undefined;
  posting?: Posting | undefined;
}

/** A rule that checks a definition against a host. */
export interface HostRule extends RuleInfo {
  check(definition: Definition, host: LintHost, report: Report): void;
}

/** A device whose policy is not native, and its state on the host. */
export interface PlacedDevice {
  device: Device;
  policy: Exclude<Policy, { kind: 'native' }>;
  /** the CPUs of the policy; undefined for `auto` if the vCPUs may run on all CPUs, or if numad decides */
  requested: Cpuset | undefined;
  /** the requested CPUs that are online and allowed; empty: nothing would be placed */
  usable: Cpuset;
  /** the usable CPUs that its interrupts are to get */
  target: Cpuset;
  locality: Locality | undefined;
  /** undefined if the host does not have the device, or if the definition names none yet */
  host: DeviceSnapshot | undefined;
  /** true: the policy is stated for the device itself, not a default */
  stated: boolean;
  /** the place of the policy in the document */
  place: { offset: number; end: number };
}

export function devicesWithPolicy(definition: Definition, host: LintHost): PlacedDevice[] {
  const { snapshot } = host;
  const auto = autoCpus(definition, host, null).cpus;
  const autoOf = (only: Cpuset | null) => (only ? autoCpus(definition, host, only).cpus : auto);
  return devicePolicies(definition).devices.flatMap((stated) => {
    const { device } = stated;
    const { policy: own, invalid } = stated;
    const standard = definition.metadata[0]?.default;
    const { policy, origin } = effectivePolicy({ policy: own, isInvalid: invalid === true, default: standard }, host);
    if (!device.placeable || !policy || policy.kind === 'native') return [];
    const requested = policy.kind === 'cpuset' ? policy.set : autoOf(policy.vcpus);
    const usable = usableCpus(requested ?? EMPTY, snapshot.topology.online, host).allowed;
    const address = device.source?.address;
    const found = address === undefined ? undefined : snapshot.devices.get(address);
    const locality = localityOf(found?.device.numaNode, snapshot.topology.nodes);
    const target = localCpus(policy, usable, locality, host.locality);
    return {
      device,
      policy,
      requested,
      usable,
      target,
      locality,
      host: found,
      stated: origin === 'entry',
      place: placeOf(stated),
    };
  });
}

/**
 * Whether it has interrupts on this host. host-device-absent reports a device that the host does not have. It is
 * unknown whether the network of an interface is a pool of host devices, so a default does not prove that the interface
 * has one.
 */
export function isOnHost({ device, host, stated }: PlacedDevice): boolean {
  return host !== undefined || (!device.source && stated);
}

/**
 * The CPUs of `auto` on this host.
 * @param only only these vCPUs are considered; null: all
 */
export function autoCpus({ vcpuPinning }: Definition, { snapshot }: LintHost, only: Cpuset | null): VcpuCpus {
  return vcpuCpus(vcpuPinning, snapshot.threads, snapshot.topology.online, only);
}

function placeOf({ device, entry }: DevicePolicy): PlacedDevice['place'] {
  if (device.attribute) return { offset: device.attribute.range.start, end: device.attribute.range.end };
  const { start, openEnd } = entry?.node ?? device.node;
  return { offset: start, end: openEnd };
}
