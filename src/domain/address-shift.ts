import type { PciAddress } from './address.js';
import type { Device } from './devices.js';
import type { Entry } from './metadata.js';
import type { Policy } from './policy.js';

/**
 * Evidence that addresses of devices changed after their policies were stated: an entry by address matches no device,
 * while a device has no entry. Adding or removing a card renumbers the PCI buses behind it, so neighbours may have each
 * other's policies.
 */
export interface AddressShift {
  /** whether the device has an entry, which is then probably another device's */
  hasEntry: boolean;
  /** the addresses of the entries that match no device */
  stale: PciAddress[];
  /** the device's probable former address; undefined if there are fewer or more entries than devices */
  former?: PciAddress;
}

/** A device with its stated policy, as in device-policies.ts. */
interface StatedDevice {
  device: Device;
  policy?: Policy | undefined;
  invalid?: true | undefined;
  entry?: Entry | undefined;
}

/**
 * The devices that may have lost their policy, or have another device's policy. Renumbering keeps the order of
 * addresses. So if there are as many entries by address as devices for them, the lowest address had the first entry,
 * and so on.
 * @param stale entries that match no device
 */
export function findAddressShifts<Stated extends StatedDevice>(
  policies: readonly Stated[],
  stale: readonly Entry[],
): Map<Stated, AddressShift> {
  const shifts = new Map<Stated, AddressShift>();
  const staleAddresses = [...new Set(stale.flatMap(addressOfEntry))].sort(compareAddresses);
  const concerned = policies.filter((one) => hasNoEntry(one) || entryAddress(one) !== undefined);
  if (staleAddresses.length === 0 || !concerned.some(hasNoEntry)) return shifts;
  const byAddress = concerned.sort((a, b) => compareAddresses(addressOf(a), addressOf(b)));
  const used = byAddress.flatMap((one) => entryAddress(one) ?? []);
  const entries = [...staleAddresses, ...used].sort(compareAddresses);
  const former = (index: number) => (entries.length === byAddress.length ? entries[index] : undefined);
  for (const [index, one] of byAddress.entries()) {
    const probable = former(index);
    const hasEntry = one.entry !== undefined;
    if (hasEntry && (probable === undefined || probable === addressOf(one))) continue;
    shifts.set(one, { hasEntry, stale: staleAddresses, ...(probable === undefined ? {} : { former: probable }) });
  }
  return shifts;
}

/** Describes the shift, for a finding about the device at `address`. */
export function describeShift(address: PciAddress, { hasEntry, stale, former }: AddressShift): string {
  const entries = stale.length === 1 ? 'the entry for' : 'the entries for';
  const more = stale.length > MAX_SHOWN ? ` and ${stale.length - MAX_SHOWN} more` : '';
  const match = stale.length === 1 ? 'matches' : 'match';
  const unmatched = `${entries} ${stale.slice(0, MAX_SHOWN).join(', ')}${more} ${match} no device`;
  const from = former === undefined ? '' : ` from ${former}`;
  return hasEntry
    ? `${address} may have the policy of another device: ${unmatched}, and its address may have changed${from}`
    : `${address} has no metadata entry, and ${unmatched}: its address may have changed${from}`;
}

const MAX_SHOWN = 3;

/** A device that states no policy, and that an entry by address could match. */
function hasNoEntry({ device, entry, policy, invalid }: StatedDevice): boolean {
  return device.placeable && device.source?.address !== undefined && !entry && !policy && !invalid;
}

function entryAddress({ entry }: StatedDevice): PciAddress | undefined {
  return entry?.identity.key === 'address' ? entry.identity.value : undefined;
}

const addressOfEntry = ({ identity }: Entry) => (identity.key === 'address' ? [identity.value] : []);
const addressOf = ({ device }: StatedDevice) => device.source?.address as PciAddress;

/** In numerical order, not by text: the canonical text of a wide domain is longer. */
function compareAddresses(a: PciAddress, b: PciAddress): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
