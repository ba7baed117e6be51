import type { PciAddress } from '../domain/address.js';
import type { InterruptType } from './pci-device.js';

/** `ours`: all handlers are VFIO's for this device, by their names (kernel: drivers/vfio/pci/vfio_pci_intrs.c). */
export type Ownership = ({ ours: true } & VfioVector) | { ours: false; reason: NotOwned };

/** A device's interrupt, from the name of its handler. */
interface VfioVector {
  type: InterruptType;
  /** null: a legacy line */
  vector: number | null;
}

export type NotOwned =
  | { code: 'no-handler' }
  | { code: 'other-handler'; handlers: readonly string[]; address: PciAddress }
  | { code: 'shared'; others: readonly string[] };

/** @param handlers names of all handlers of one IRQ number */
export function vfioOwnership(handlers: readonly string[], address: PciAddress): Ownership {
  if (handlers.length === 0) return { ours: false, reason: { code: 'no-handler' } };
  const [handler, ...more] = handlers as readonly [string, ...string[]];
  const vector = vectorOf(handler, address);
  if (vector && more.length === 0) return { ours: true, type: vector.type, vector: vector.vector };
  const own = vector ? 0 : handlers.findIndex((name) => vectorOf(name, address) !== undefined);
  if (own < 0) return { ours: false, reason: { code: 'other-handler', handlers, address } };
  return { ours: false, reason: { code: 'shared', others: handlers.filter((_, index) => index !== own) } };
}

/** Parses `vfio-msix[K](ADDRESS)`, `vfio-msi[K](ADDRESS)` and `vfio-intx(ADDRESS)`; undefined for any other name. */
function vectorOf(handler: string, address: PciAddress): VfioVector | undefined {
  if (handler === `vfio-intx(${address})`) return { type: 'intx', vector: null };
  const match = /^vfio-(msix?)\[(\d{1,5})\]\((.+)\)$/.exec(handler);
  if (match?.[3] !== address) return undefined;
  return { type: match[1] as 'msix' | 'msi', vector: Number(match[2]) };
}

/** The address in the name of a VFIO handler; undefined for any other name. */
export function vfioAddress(handler: string): string | undefined {
  return /^vfio-(?:intx|msix?\[\d+\])\((.+)\)$/.exec(handler)?.[1];
}

/** True for VFIO's handlers of any device, and for names that a future VFIO may use. */
export function isVfioHandler(handler: string): boolean {
  return handler.startsWith('vfio-');
}

/** True for a legacy line's VFIO handler of any device. */
export function isLine(handler: string): boolean {
  return handler.startsWith('vfio-intx(');
}
