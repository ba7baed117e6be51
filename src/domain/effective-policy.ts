import type { PciAddress } from './address.js';
import { type Cpuset, intersect } from './cpuset.js';
import type { Definition } from './definition.js';
import { type DevicePolicy, devicePolicies } from './device-policies.js';
import type { DefaultPolicy } from './metadata.js';
import { defaultPolicy, type Policy } from './policy.js';

/** Settings of the host's administrator. */
export interface PolicySettings {
  /** for domains that state no default */
  default?: DefaultPolicy | undefined;
  /** interrupts are placed on these CPUs only, whatever a domain's policy is */
  allowedCpus?: Cpuset | undefined;
}

/** The policy that applies to a device, and its origin. */
export interface EffectivePolicy {
  /** undefined: the stated policy is invalid, so the device is left alone whatever the default is */
  policy: Policy | undefined;
  /** `entry`: stated for the device itself, by a metadata entry or an attribute */
  origin: 'entry' | 'domain-default' | 'host-default';
}

/** The device's own policy; else the domain's default; else the host's; else native. */
export function effectivePolicy(
  { policy, invalid }: DevicePolicy,
  { metadata }: Definition,
  settings: PolicySettings,
): EffectivePolicy {
  if (policy || invalid) return { policy, origin: 'entry' };
  const domain = metadata[0]?.default;
  if (domain) return { policy: defaultPolicy(domain), origin: 'domain-default' };
  return { policy: defaultPolicy(settings.default ?? 'native'), origin: 'host-default' };
}

/** The host's PCI devices that have another policy than native. */
export function devicesWithPolicy(definition: Definition, settings: PolicySettings): PciAddress[] {
  return devicePolicies(definition).devices.flatMap((stated) => {
    const { policy } = effectivePolicy(stated, definition, settings);
    return policy && policy.kind !== 'native' ? (stated.device.source?.address ?? []) : [];
  });
}

/** The requested CPUs that are online (`present`), and those of them that the host's settings allow (`allowed`). */
export function usableCpus(
  requested: Cpuset,
  online: Cpuset,
  { allowedCpus }: PolicySettings,
): { present: Cpuset; allowed: Cpuset } {
  const present = intersect(requested, online);
  return { present, allowed: allowedCpus ? intersect(present, allowedCpus) : present };
}
