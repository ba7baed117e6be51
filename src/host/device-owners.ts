import type { PciAddress } from '../domain/address.js';
import { isOpenIn, OpenDevicesCache } from './open-devices.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { findQemu, type RunningQemu, runningQemus } from './qemu-threads.js';

/** Another running domain that has a device of this one. */
export interface OtherOwner extends RunningQemu {
  /** open: its QEMU has the device open; first: no QEMU is seen to, and it named the device before */
  evidence: 'open' | 'first';
  /** with `first`: what could not be read; absent: no QEMU has the device open */
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
  /** domains that are known to name a device, the first one first */
  claimants?: (address: PciAddress) => readonly Claimant[];
  /** the same, by what earlier passes saved: asked only if this domain's QEMU does not have the device open */
  savedClaimants?: (address: PciAddress) => readonly Claimant[];
  /**
   * descriptors that were read in the last `maxAgeMs` are not read again, unless several domains are known to name the
   * device
   */
  cache?: OpenDevicesCache;
  now?: number;
  maxAgeMs?: number;
}

export interface Ownership {
  /** devices that this domain must not touch */
  others: ReadonlyMap<PciAddress, OtherOwner>;
  /** why it is unknown which devices this domain's QEMU has open */
  unreadable: FileError | undefined;
}

/**
 * Which devices of a running domain are another running domain's. A device can be open in one process only; so the
 * domain whose QEMU has it open owns it. If none is seen to, the first of those that name it does.
 * @throws FileError
 */
export function findOwners(
  files: PseudoFs,
  self: RunningQemu,
  addresses: Iterable<PciAddress>,
  context: OwnershipContext,
): Ownership {
  const { pidFiles, claimants, savedClaimants, cache = new OpenDevicesCache(files), now = 0, maxAgeMs = 0 } = context;
  const others = new Map<PciAddress, OtherOwner>();
  let unreadable: FileError | undefined;
  let qemus: RunningQemu[] | undefined;
  const areRivals = (domains: readonly Claimant[]) => domains.some(({ name }) => name !== self.name);
  for (const address of addresses) {
    const claims = claimants?.(address) ?? [];
    const isContested = areRivals(claims);
    const openOf = (pid: number) => cache.get(pid, now, isContested ? 0 : maxAgeMs);
    const own = openOf(self.pid);
    if (own instanceof FileError) unreadable = own;
    // without descriptors, as below a --root, nothing can be told of other processes either
    else if (own ? isOpenIn(files, address, own) : !isContested) continue;
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
  return { others, unreadable };
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
