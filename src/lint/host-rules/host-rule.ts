import { type Cpuset, EMPTY, intersect, isSubset } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import type { Device } from '../../domain/devices.js';
import type { DefaultPolicy } from '../../domain/metadata.js';
import type { Policy } from '../../domain/policy.js';
import { type StatedPolicy, statedPolicies } from '../../domain/stated-policies.js';
import type { Irqbalance } from '../../host/irqbalance.js';
import type { DeviceSnapshot, HostSnapshot } from '../../host/snapshot.js';
import type { Report, RuleInfo } from '../rule.js';

/** What the rules see of a host. */
export interface LintHost {
  snapshot: HostSnapshot;
  irqbalance?: Irqbalance | undefined;
  /** of the host's configuration: for domains that state no default */
  default?: DefaultPolicy | undefined;
  /** of the host's configuration: interrupts go nowhere else */
  allowedCpus?: Cpuset | undefined;
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

export function placedDevices(definition: Definition, host: LintHost): PlacedDevice[] {
  const { snapshot, allowedCpus } = host;
  const { online } = snapshot.topology;
  const vcpus = vcpuCpus(definition, host);
  const followed = vcpus && !isSubset(online, vcpus) ? vcpus : undefined;
  const standard = definition.metadata[0]?.default ?? host.default;
  return statedPolicies(definition).devices.flatMap((stated) => {
    const { device } = stated;
    // an attribute that cannot be read leaves the device alone, whatever the default
    const policy = stated.policy ?? (standard === 'auto' && !device.attribute ? { kind: standard } : undefined);
    if (!device.placeable || !policy || policy.kind === 'native') return [];
    const asked = policy.kind === 'cpuset' ? policy.set : followed;
    const present = intersect(asked ?? EMPTY, online);
    const used = allowedCpus ? intersect(present, allowedCpus) : present;
    const address = device.source?.address;
    const found = address === undefined ? undefined : snapshot.devices.get(address);
    return { device, policy, asked, used, host: found, place: placeOf(definition, stated) };
  });
}

/** Where the vCPUs may run: the threads of a running QEMU are the truth. Undefined where anywhere, or where numad decides. */
export function vcpuCpus({ placement }: Definition, { snapshot }: LintHost): Cpuset | undefined {
  return snapshot.threads?.cpus ?? placement.cpus;
}

function placeOf({ document }: Definition, { device, entry }: StatedPolicy): PlacedDevice['place'] {
  if (device.attribute) return { offset: device.attribute.range.start, end: device.attribute.range.end };
  const { start, openEnd } = document.rangeOf(entry?.node ?? device.node);
  return { offset: start, end: openEnd };
}
