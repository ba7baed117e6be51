import { type PciAddress, parseAddress } from './address.js';

/** What a device is known by in the metadata. libvirt re-orders devices, so never by position. */
export type Identity =
  | { key: 'alias'; value: string }
  | { key: 'address'; value: PciAddress }
  | { key: 'mac'; value: string };

export type IdentityKey = Identity['key'];

/** True of an alias that libvirt keeps; others are dropped at define, silently (libvirt: formatdomain, device aliases). */
export function isUserAlias(name: string): boolean {
  return /^ua-[A-Za-z0-9_-]*$/.test(name);
}

/** The MAC in libvirt's own text (lower case), or undefined for anything that is none. */
export function canonicalMac(text: string): string | undefined {
  const mac = text.toLowerCase();
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? mac : undefined;
}

/** Reads an identity from its text in the metadata; undefined where it is not in its exact form. A MAC may be in either case. */
export function parseIdentity(key: IdentityKey, text: string): Identity | undefined {
  if (key === 'alias') return isUserAlias(text) ? { key, value: text } : undefined;
  if (key === 'mac') {
    const value = canonicalMac(text);
    return value === undefined ? undefined : { key, value };
  }
  const value = parseAddress(text);
  return value === undefined ? undefined : { key, value };
}

export function formatIdentity({ key, value }: Identity): string {
  return `${key}="${value}"`;
}
