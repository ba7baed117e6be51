import type { PciAddress } from '../domain/address.js';

/** `ours`: all handlers are VFIO's for this device, by their names (kernel: drivers/vfio/pci/vfio_pci_intrs.c). */
export type Ownership = { ours: true; vector: number | null } | { ours: false; reason: NotOwned };

export type NotOwned =
  | { code: 'no-handler' }
  | { code: 'other-handler'; handlers: readonly string[]; address: PciAddress }
  | { code: 'shared'; others: readonly string[] };

/** @param handlers names of all handlers of one IRQ number */
export function vfioOwnership(handlers: readonly string[], address: PciAddress): Ownership {
  if (handlers.length === 0) return { ours: false, reason: { code: 'no-handler' } };
  const own = handlers.findIndex((name) => vectorOf(name, address) !== undefined);
  if (own < 0) return { ours: false, reason: { code: 'other-handler', handlers, address } };
  const others = handlers.filter((_, index) => index !== own);
  if (others.length > 0) return { ours: false, reason: { code: 'shared', others } };
  return { ours: true, vector: vectorOf(handlers[own] as string, address) ?? null };
}

/** The vector of `vfio-msix[K](ADDRESS)`, null for `vfio-intx(ADDRESS)`, undefined for any other name. */
function vectorOf(handler: string, address: PciAddress): number | null | undefined {
  if (handler === `vfio-intx(${address})`) return null;
  const match = /^vfio-msix?\[(\d{1,5})\]\((.+)\)$/.exec(handler);
  return match && match[2] === address ? Number(match[1]) : undefined;
}

/** The device in the name of a VFIO handler; undefined for any other name. */
export function vfioAddress(handler: string): string | undefined {
  return /^vfio-(?:intx|msix?\[\d+\])\((.+)\)$/.exec(handler)?.[1];
}

/** True for VFIO's handlers of any device, and for names that a later VFIO may use. */
export function isVfioHandler(handler: string): boolean {
  return handler.startsWith('vfio-');
}

/** True for VFIO's handler of a legacy line of any device. */
export function isLine(handler: string): boolean {
  return handler.startsWith('vfio-intx(');
}
