import { type VcpuCpus, vcpuCpus } from '../../domain/auto-cpus.js';
import { type Cpuset, EMPTY } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { type DevicePolicy, devicePolicies } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import { effectivePolicy, type PolicySettings, usableCpus } from '../../domain/effective-policy.js';
import type { Policy } from '../../domain/policy.js';
import type { Irqbalance } from '../../host/irqbalance.js';
import type { DeviceSnapshot, HostSnapshot } from '../../host/snapshot.js';
import type { Report, RuleInfo } from '../rule.js';

/** What the rules see of a host, its configuration included. */
export interface LintHost extends PolicySettings {
  snapshot: HostSnapshot;
  irqbalance?: Irqbalance | undefined;
}

/** A rule that only a host can decide. */
export interface HostRule extends RuleInfo {
  check(definition: Definition, host: LintHost, report: Report): void;
}

/** A device with a policy that asks for something, and what the host has of it. */
export interface PlacedDevice {
  device: Device;
  policy: Exclude<Policy, { kind: 'native' }>;
  /** CPUs that the policy comes to; undefined for `auto` where the vCPUs may run anywhere, or numad decides */
  asked: Cpuset | undefined;
  /** those of them that are online and allowed; empty where nothing would be placed */
  used: Cpuset;
  /** undefined where the host has no such device, or none is named yet */
  host: DeviceSnapshot | undefined;
  /** where to complain of the policy */
  place: { offset: number; end: number };
}

export function devicesWithPolicy(definition: Definition, host: LintHost): PlacedDevice[] {
  const { snapshot } = host;
  const followed = followedCpus(definition, host).cpus;
  return devicePolicies(definition).devices.flatMap((stated) => {
    const { device } = stated;
    const { policy } = effectivePolicy(stated, definition, host);
    if (!device.placeable || !policy || policy.kind === 'native') return [];
    const asked = policy.kind === 'cpuset' ? policy.set : followed;
    const used = usableCpus(asked ?? EMPTY, snapshot.topology.online, host).allowed;
    const address = device.source?.address;
    const found = address === undefined ? undefined : snapshot.devices.get(address);
    return { device, policy, asked, used, host: found, place: placeOf(definition, stated) };
  });
}

/** What `auto` comes to on this host. */
export function followedCpus({ vcpuPinning }: Definition, { snapshot }: LintHost): VcpuCpus {
  return vcpuCpus(vcpuPinning, snapshot.threads, snapshot.topology.online);
}

function placeOf({ document }: Definition, { device, entry }: DevicePolicy): PlacedDevice['place'] {
  if (device.attribute) return { offset: device.attribute.range.start, end: device.attribute.range.end };
  const { start, openEnd } = document.rangeOf(entry?.node ?? device.node);
  return { offset: start, end: openEnd };
}
