import { parseAddress } from './address.js';
import type { Definition } from './definition.js';
import { devicePolicies } from './device-policies.js';
import type { Device } from './devices.js';
import { canonicalMac, type Identity } from './identity.js';

/**
 * The devices of a definition that a name refers to: a PCI address of the host (the domain 0000: may be left out), an
 * alias or a MAC. More than one if several have the same MAC.
 */
export function findDevices({ devices }: Definition, name: string): Device[] {
  const address = addressOf(name);
  const mac = canonicalMac(name);
  return devices.filter(
    ({ alias, source, mac: own }) =>
      alias?.name === name ||
      (address !== undefined && source?.address === address) ||
      (mac !== undefined && own === mac),
  );
}

/** The identity of an entry with this name that matches no device, such as that of a device that was detached. */
export function findStaleEntry(definition: Definition, name: string): Identity | undefined {
  const names: unknown[] = [name, addressOf(name), canonicalMac(name)];
  return devicePolicies(definition).stale.find(({ identity }) => names.includes(identity.value))?.identity;
}

const addressOf = (name: string) =>
  parseAddress(/^[0-9a-f]{2}:/i.test(name) ? `0000:${name}`.toLowerCase() : name.toLowerCase());

/** The names by which findDevices() finds a device: alias, address, MAC. */
export function namesOf({ alias, source, mac }: Device): string[] {
  return [alias?.name || [], source?.address ?? [], mac ?? []].flat();
}
