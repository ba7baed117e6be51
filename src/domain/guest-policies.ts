import { globMatches } from '../lib/glob.js';
import { formatIdentity, type Identity } from './identity.js';
import type { PlainDefinition, PlainDevice } from './plain-definition.js';
import type { Policy } from './policy.js';

/** Policies that the host's administrator gives to a guest whose definition states none. */
export interface GuestPolicies {
  /** of all devices that are not in `devices` */
  policy?: Policy;
  /** by formatIdentity() */
  devices?: Readonly<Record<string, Policy>>;
}

/** A rule of the configuration: for guests of whom all patterns are true. `*` means any text. */
export interface GuestRule extends GuestPolicies {
  name?: string;
  /** of an instance of OpenStack */
  flavor?: string;
}

export interface GuestSettings {
  /** /etc/hostdev-cpuset/guests.d: by the guest's name */
  guestFiles?: ReadonlyMap<string, GuestPolicies> | undefined;
  /** the first that is for a guest counts */
  guests?: readonly GuestRule[] | undefined;
}

/**
 * The definition with the policies that the host's administrator gives to this guest: those of its file, else of a
 * rule. What the definition itself states stays, and so does its default. They are for guests that the host's root or
 * its libvirt has named: a pod and a user may call a guest as they like.
 */
export function withGuestPolicies(definition: PlainDefinition, settings: GuestSettings): PlainDefinition {
  const { found, name, flavor } = definition;
  if (definition.default || (found && !found.isNamedByHost)) return definition;
  const ownName = found ? found.statedName : name;
  const file = ownName === undefined ? undefined : settings.guestFiles?.get(ownName);
  const isFor = (rule: GuestRule) => matches(rule.name, ownName) && matches(rule.flavor, flavor);
  const given = file ?? settings.guests?.find(isFor);
  if (!given) return definition;
  const origin = file ? 'guest-file' : 'guest-rule';
  const devices = definition.devices.map((device): PlainDevice => {
    if (device.policy || device.isInvalid) return device;
    const policy = policyOf(device, given);
    return policy ? { ...device, policy, origin } : device;
  });
  return { ...definition, devices };
}

function matches(pattern: string | undefined, text: string | undefined): boolean {
  return pattern === undefined || (text !== undefined && globMatches(pattern, text));
}

function policyOf({ address, alias }: PlainDevice, { policy, devices = {} }: GuestPolicies): Policy | undefined {
  const identities: Identity[] = [];
  if (alias !== undefined) identities.push({ key: 'alias', value: alias });
  if (address) identities.push({ key: 'address', value: address });
  const keys = identities.map(formatIdentity);
  const own = keys.find((key) => Object.hasOwn(devices, key));
  return own === undefined ? policy : devices[own];
}
