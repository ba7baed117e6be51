import type { PciAddress } from '../domain/address.js';
import { isOpenIn, OpenDevicesCache } from './open-devices.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { findQemu, type RunningQemu, runningQemus } from './qemu-threads.js';

/** Another running domain that has a device of this domain. */
export interface OtherOwner extends RunningQemu {
  /**
   * open: its QEMU has the device open; first: no QEMU process was seen to have it open, and that domain named it first
   */
  evidence: 'open' | 'first';
  /** with `first`: the path that could not be read; absent: no QEMU process has the device open */
  unreadable?: string;
}

/** A running domain that names a device. */
export interface Claimant {
  name: string;
  uuid: string | undefined;
}

export interface OwnershipContext {
  /** names of libvirt's pid files */
  pidFiles?: () => ReadonlySet<string>;
  /** domains that are known to name a device, in the order in which they were added */
  claimants?: (address: PciAddress) => readonly Claimant[];
  /** the same from the states of earlier passes; called only if this domain's QEMU does not have the device open */
  savedClaimants?: (address: PciAddress) => readonly Claimant[];
  /**
   * lists of open devices that were read in the last `maxAgeMs` are used again, unless several domains are known to
   * name the device
   */
  cache?: OpenDevicesCache;
  now?: number;
  maxAgeMs?: number;
  /** this guest was found by the devices that it had open: those that it has closed since are not its own any more */
  mustBeOpen?: boolean;
}

export interface Ownership {
  /** devices that belong to other domains and must not be written */
  others: ReadonlyMap<PciAddress, OtherOwner>;
  /** with `mustBeOpen`: devices that this domain's QEMU has closed, or may have, and that must not be written */
  closed: ReadonlySet<PciAddress>;
  /** the error if the devices that this domain's QEMU has open cannot be read */
  unreadable: FileError | undefined;
}

/**
 * Finds the devices of a running domain that belong to another running domain. Only one process can have a device open,
 * so the domain whose QEMU has it open owns it. If no process is seen to have it open, the first domain that names it
 * owns it.
 * @throws FileError
 */
export function findOwners(
  files: PseudoFs,
  self: RunningQemu,
  addresses: Iterable<PciAddress>,
  context: OwnershipContext,
): Ownership {
  const { pidFiles, claimants, savedClaimants, cache = new OpenDevicesCache(files), now = 0, maxAgeMs = 0 } = context;
  const { mustBeOpen = false } = context;
  const closed = new Set<PciAddress>();
  const others = new Map<PciAddress, OtherOwner>();
  let unreadable: FileError | undefined;
  let qemus: RunningQemu[] | undefined;
  const areRivals = (domains: readonly Claimant[]) => domains.some(({ name }) => name !== self.name);
  for (const address of addresses) {
    const claims = claimants?.(address) ?? [];
    const isContested = areRivals(claims);
    const openOf = (pid: number) => cache.get(pid, now, isContested || mustBeOpen ? 0 : maxAgeMs);
    const own = openOf(self.pid);
    if (own instanceof FileError) unreadable = own;
    // without the list of descriptors, as below a --root, other processes cannot be checked either
    else if (own ? isOpenIn(files, address, own) : !isContested) continue;
    if (own && mustBeOpen) {
      closed.add(address);
      continue;
    }
    qemus ??= runningQemus(files, pidFiles?.()).filter(({ pid }) => pid !== self.pid);
    const opened = qemus.map((qemu) => ({ qemu, open: openOf(qemu.pid) }));
    const holder = opened.find(({ open }) => open && !(open instanceof FileError) && isOpenIn(files, address, open));
    const rivals = isContested ? claims : (savedClaimants?.(address) ?? []);
    if (holder) others.set(address, { ...holder.qemu, evidence: 'open' });
    else if (areRivals(rivals)) {
      const first = firstRunning(files, rivals, pidFiles?.());
      if (!first || first.pid === self.pid) continue;
      const hidden = [own, ...opened.map(({ open }) => open)].find((open) => open instanceof FileError);
      others.set(address, { ...first, evidence: 'first', ...(hidden ? { unreadable: hidden.path } : {}) });
    }
  }
  return { others, closed, unreadable };
}

function firstRunning(
  files: PseudoFs,
  claimants: readonly Claimant[],
  pidFiles: ReadonlySet<string> | undefined,
): RunningQemu | undefined {
  for (const { name, uuid } of claimants) {
    const pid = findQemu(files, name, uuid, pidFiles);
    if (pid !== undefined) return { name, pid };
  }
  return undefined;
}
