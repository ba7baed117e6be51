import type { PciAddress } from '../domain/address.js';
import { readHandlers } from '../host/interrupt.js';
import { readDriver, vfioEvidence } from '../host/pci-device.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { Refusal } from './reason.js';

/** An interrupt as it was when the write was planned. */
export interface Target {
  address: PciAddress;
  irq: number;
  handlers: readonly string[];
}

/**
 * Checks a target right before the write: a host driver may be bound to the device again, and another device may have
 * its IRQ numbers.
 * @returns why it must not be written; undefined: it may be written
 * @throws FileError
 */
export function verifyTarget(files: PseudoFs, target: Target): Refusal | undefined {
  const driver = readDriver(files, target.address);
  return vfioEvidence(files, target.address, driver) === 'no'
    ? { code: 'not-vfio', driver }
    : verifyHandlers(files, target);
}

/** As verifyTarget(), if the driver has just been checked. */
export function verifyHandlers(files: PseudoFs, target: Target): Refusal | undefined {
  return changeOf(target, readHandlers(files, target.irq));
}

/** Why the interrupt with these present handlers is not the target; undefined: it is. */
export function changeOf({ address, handlers }: Target, now: readonly string[]): Refusal | undefined {
  const [handler] = now;
  if (handler === undefined) return { code: 'gone' };
  const owned = vfioOwnership(now, address);
  if (!owned.ours) return owned.reason;
  return handler === handlers[0] ? undefined : { code: 'other-vector', handler };
}
