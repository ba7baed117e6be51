import type { Scope } from '../affinity/scopes.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { FileError, PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { QemuScanner } from '../host/qemu-scanner.js';
import { foundGuest } from './found-guest.js';
import { readLiveXml } from './live-xml.js';

/** A guest that was found in /proc: its process, which names it, and its definition. */
export interface Found {
  qemu: QemuProcess;
  definition: PlainDefinition;
}

/**
 * Finds all guests of the host that have VFIO devices, by reading /proc once.
 * @throws FileError if /proc cannot be listed
 */
export function findGuests(
  files: PseudoFs,
  scopes: readonly Scope[] | undefined,
): { guests: Found[]; unreadable: FileError | undefined } {
  const { qemus, unreadable } = new QemuScanner(files).scan(true);
  const guests = qemus.map((qemu) => {
    const xml = readLiveXml(files, qemu);
    return { qemu, definition: foundGuest(qemu, xml === 'unchanged' ? undefined : xml, scopes) };
  });
  return { guests, unreadable };
}
