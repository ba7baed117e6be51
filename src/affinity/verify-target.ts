import type { PciAddress } from '../domain/address.js';
import { readHandlers } from '../host/interrupt.js';
import { isVfioDriver, readDriver } from '../host/pci-device.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { notVfio, vfioOwnership } from '../host/vfio-handlers.js';

/** An interrupt as it was when it was decided to write to it. */
export interface Target {
  address: PciAddress;
  irq: number;
  handlers: readonly string[];
}

/**
 * The look right before a write, with nothing in between: why it may not be written any more; undefined where it may. The device may have
 * gone back to the host, and its numbers to another device.
 * @throws FileError
 */
export function verifyTarget(files: PseudoFs, target: Target): string | undefined {
  const driver = readDriver(files, target.address);
  if (!isVfioDriver(driver)) return notVfio(driver);
  return changeSince(readHandlers(files, target.irq), target);
}

/** What these handlers say against its being what it was; undefined: nothing. */
export function changeSince(now: readonly string[], { address, handlers }: Omit<Target, 'irq'>): string | undefined {
  if (now.length === 0) return GONE;
  const owned = vfioOwnership(now, address);
  if (!owned.ours) return owned.reason;
  return now[0] === handlers[0] ? undefined : `it is ${now[0]} now`;
}

export const GONE = 'it went away';
