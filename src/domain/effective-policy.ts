import type { PciAddress } from './address.js';
import { type Cpuset, intersect } from './cpuset.js';
import { type GuestSettings, withGuestPolicies } from './guest-policies.js';
import type { LocalityMode } from './locality.js';
import type { DefaultPolicy } from './metadata.js';
import type { PlainDefinition } from './plain-definition.js';
import { defaultPolicy, type Policy } from './policy.js';

/** Settings of the host's administrator. */
export interface PolicySettings extends GuestSettings {
  /** for domains that state no default */
  default?: DefaultPolicy | undefined;
  /** interrupts are placed on these CPUs only, whatever a domain's policy is */
  allowedCpus?: Cpuset | undefined;
  /** default: device */
  locality?: LocalityMode | undefined;
}

/** The policy that applies to a device, and its origin. */
export interface EffectivePolicy {
  /** undefined: the stated policy is invalid, so the device is left alone, whatever the default is */
  policy: Policy | undefined;
  /**
   * `entry`: stated for the device itself, by a metadata entry or an attribute; `guest-file` and `guest-rule`: by the
   * host's administrator for this guest
   */
  origin: 'entry' | 'domain-default' | 'guest-file' | 'guest-rule' | 'host-default';
}

/** The input of a device's policy, besides the host's settings. */
export interface StatedPolicy {
  /** the device's own */
  policy: Policy | undefined;
  /** where it is from, if that is not the definition */
  origin?: 'guest-file' | 'guest-rule' | undefined;
  /** its own is invalid */
  isInvalid: boolean;
  /** the domain's default */
  default: DefaultPolicy | undefined;
}

/** The device's own policy; otherwise the domain's default; otherwise the host's; otherwise native. */
export function effectivePolicy(
  { policy, origin, isInvalid, default: ofDomain }: StatedPolicy,
  settings: PolicySettings,
): EffectivePolicy {
  if (policy || isInvalid) return { policy, origin: origin ?? 'entry' };
  if (ofDomain) return { policy: defaultPolicy(ofDomain), origin: 'domain-default' };
  return { policy: defaultPolicy(settings.default ?? 'native'), origin: 'host-default' };
}

/** The host's PCI devices that have another policy than native. */
export function devicesWithPolicy(definition: PlainDefinition, settings: PolicySettings): PciAddress[] {
  return withGuestPolicies(definition, settings).devices.flatMap(({ policy: own, isInvalid, address }) => {
    const { policy } = effectivePolicy({ policy: own, isInvalid, default: definition.default }, settings);
    return policy && policy.kind !== 'native' ? (address ?? []) : [];
  });
}

/** The settings for one guest: a limit of its own narrows `allowedCpus`. */
export function settingsWithin(settings: PolicySettings, limit: Cpuset | undefined): PolicySettings {
  if (!limit) return settings;
  const { allowedCpus } = settings;
  return { ...settings, allowedCpus: allowedCpus ? intersect(allowedCpus, limit) : limit };
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
