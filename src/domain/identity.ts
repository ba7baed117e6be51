import { type PciAddress, parseAddress } from './address.js';

/** What identifies a device in the metadata. Never its position, because libvirt reorders devices. */
export type Identity =
  | { key: 'alias'; value: string }
  | { key: 'address'; value: PciAddress }
  | { key: 'mac'; value: string };

export type IdentityKey = Identity['key'];

/** True for an alias that libvirt keeps. It silently drops others at define (libvirt: formatdomain, device aliases). */
export function isUserAlias(name: string): boolean {
  return /^ua-[A-Za-z0-9_-]*$/.test(name);
}

/** The MAC in libvirt's form (lower case); undefined if the text is not a MAC. */
export function canonicalMac(text: string): string | undefined {
  const mac = text.toLowerCase();
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? mac : undefined;
}

/** Reads an identity from the metadata; undefined if it is not in its exact form. A MAC may be in either case. */
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
