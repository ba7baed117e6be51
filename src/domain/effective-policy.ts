import type { PciAddress } from './address.js';
import { type Cpuset, intersect } from './cpuset.js';
import type { Definition } from './definition.js';
import { type DevicePolicy, devicePolicies } from './device-policies.js';
import type { DefaultPolicy } from './metadata.js';
import type { Policy } from './policy.js';

/** What the host's administrator has a say in. */
export interface PolicySettings {
  /** for domains that state no default */
  default?: DefaultPolicy | undefined;
  /** interrupts go nowhere else, whatever a domain asks */
  allowedCpus?: Cpuset | undefined;
}

/** What holds for a device, and who says so. */
export interface EffectivePolicy {
  /** undefined: stated, but illegible, which leaves the device alone whatever the default */
  policy: Policy | undefined;
  /** who states the policy: the device itself, by entry or attribute, or a default */
  origin: 'entry' | 'domain-default' | 'host-default';
}

/** The device's own policy; else the domain's default; else the host's; else native. */
export function effectivePolicy(
  { policy, illegible }: DevicePolicy,
  { metadata }: Definition,
  settings: PolicySettings,
): EffectivePolicy {
  if (policy || illegible) return { policy, origin: 'entry' };
  const domain = metadata[0]?.default;
  if (domain) return { policy: { kind: domain }, origin: 'domain-default' };
  return { policy: { kind: settings.default ?? 'native' }, origin: 'host-default' };
}

/** The host's PCI devices whose interrupts are asked to be somewhere. */
export function devicesWithPolicy(definition: Definition, settings: PolicySettings): PciAddress[] {
  return devicePolicies(definition).devices.flatMap((stated) => {
    const { policy } = effectivePolicy(stated, definition, settings);
    return policy && policy.kind !== 'native' ? (stated.device.source?.address ?? []) : [];
  });
}

/** Of the CPUs that a policy asks for: those that are online, and of these the ones that the host's settings allow. */
export function usableCpus(
  asked: Cpuset,
  online: Cpuset,
  { allowedCpus }: PolicySettings,
): { present: Cpuset; allowed: Cpuset } {
  const present = intersect(asked, online);
  return { present, allowed: allowedCpus ? intersect(present, allowedCpus) : present };
}
