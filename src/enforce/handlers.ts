import type { PciAddress } from '../domain/address.js';

/** Whether a set of handlers is this device's alone, as VFIO names them (kernel: drivers/vfio/pci/vfio_pci_intrs.c). */
export type Ownership = { ours: true; vector: number | null } | { ours: false; reason: string };

export function ownership(handlers: readonly string[], address: PciAddress): Ownership {
  const [handler, ...others] = handlers;
  if (handler === undefined) return { ours: false, reason: 'no handler: nobody has requested it' };
  const vectors = handlers.map((name) => vectorOf(name, address));
  if (vectors[0] === undefined) return { ours: false, reason: `its handler is ${handler}, not VFIO's for ${address}` };
  if (others.length > 0) return { ours: false, reason: `shared with ${others.join(', ')}` };
  return { ours: true, vector: vectors[0] };
}

/** The vector of `vfio-msix[K](ADDRESS)`, null for `vfio-intx(ADDRESS)`, undefined for any other name. */
function vectorOf(handler: string, address: PciAddress): number | null | undefined {
  if (handler === `vfio-intx(${address})`) return null;
  const match = /^vfio-msix?\[(\d{1,5})\]\((.+)\)$/.exec(handler);
  return match && match[2] === address ? Number(match[1]) : undefined;
}

/** Names vary (vfio-pci, mlx5_vfio_pci, vfio-pci-igb): the handlers have the last word. */
export function isVfioDriver(driver: string | undefined): boolean {
  return driver !== undefined && /(^|[-_])vfio([-_]|$)/.test(driver);
}

export function notVfio(driver: string | undefined): string {
  return driver === undefined ? 'the device has no driver' : `the device's driver is ${driver}, not VFIO`;
}
