import type { Cpuset } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import type { Device } from '../../domain/devices.js';
import type { Policy } from '../../domain/policy.js';
import { type StatedPolicy, statedPolicies } from '../../domain/stated-policies.js';
import type { Irqbalance } from '../../host/irqbalance.js';
import type { DeviceSnapshot, HostSnapshot } from '../../host/snapshot.js';
import type { Report, RuleInfo } from '../rule.js';

/** What the rules see of a host. */
export interface LintHost {
  snapshot: HostSnapshot;
  irqbalance: Irqbalance | undefined;
}

/** A rule that only a host can decide. */
export interface HostRule extends RuleInfo {
  check(definition: Definition, host: LintHost, report: Report): void;
}

/** A device with a policy that asks for something, and what the host has of it. */
export interface PlacedDevice {
  device: Device;
  policy: Exclude<Policy, { kind: 'native' }>;
  /** CPUs that the policy comes to; undefined for `auto` where the vCPUs may run anywhere */
  cpus: Cpuset | undefined;
  /** undefined where the host has no such device, or none is named yet */
  host: DeviceSnapshot | undefined;
  /** where to complain of the policy */
  place: { offset: number; end: number };
}

export function placedDevices(definition: Definition, { snapshot }: LintHost): PlacedDevice[] {
  const vcpus = snapshot.threads?.cpus ?? definition.placement.cpus;
  const standard = definition.metadata[0]?.default;
  return statedPolicies(definition).devices.flatMap((stated) => {
    const { device } = stated;
    const policy = stated.policy ?? (standard === 'auto' ? { kind: standard } : undefined);
    if (!device.placeable || !policy || policy.kind === 'native') return [];
    const cpus = policy.kind === 'cpuset' ? policy.set : vcpus;
    const address = device.source?.address;
    const host = address === undefined ? undefined : snapshot.devices.get(address);
    return { device, policy, cpus, host, place: placeOf(definition, stated) };
  });
}

function placeOf({ document }: Definition, { device, entry }: StatedPolicy): PlacedDevice['place'] {
  if (device.attribute) return { offset: device.attribute.range.start, end: device.attribute.range.end };
  const { start, openEnd } = document.rangeOf(entry?.node ?? device.node);
  return { offset: start, end: openEnd };
}
