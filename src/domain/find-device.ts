import { parseAddress } from './address.js';
import type { Definition } from './definition.js';
import type { Device } from './devices.js';
import { canonicalMac } from './identity.js';

/**
 * The devices of a definition that a name refers to: a PCI address of the host (the domain 0000: may be left out), an
 * alias or a MAC. More than one if several have the same MAC.
 */
export function findDevices({ devices }: Definition, name: string): Device[] {
  const address = parseAddress(/^[0-9a-f]{2}:/i.test(name) ? `0000:${name}`.toLowerCase() : name.toLowerCase());
  const mac = canonicalMac(name);
  return devices.filter(
    ({ alias, source, mac: own }) =>
      alias?.name === name ||
      (address !== undefined && source?.address === address) ||
      (mac !== undefined && own === mac),
  );
}

/** The names by which findDevices() finds a device: alias, address, MAC. */
export function namesOf({ alias, source, mac }: Device): string[] {
  return [alias?.name || [], source?.address ?? [], mac ?? []].flat();
}
