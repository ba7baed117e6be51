import type { PciAddress } from '../domain/address.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/** The VFIO devices that a process has open, from its descriptors. */
export interface OpenDevices {
  /** /dev/vfio/GROUP: all devices of that IOMMU group; no other process can open them meanwhile */
  groups: ReadonlySet<string>;
  /** /dev/vfio/devices/vfioN: one device */
  characterDevices: ReadonlySet<string>;
  /** devices by the address that the kernel shows in fdinfo (since 7.2) */
  addresses: ReadonlySet<string>;
}

/**
 * The devices, or why they cannot be read; undefined: the process has ended, or, below a --root, there are no
 * descriptors.
 */
export type OpenDevicesResult = OpenDevices | FileError | undefined;

/**
 * Reads one link per descriptor. Source: the kernel's Documentation/driver-api/vfio.rst, drivers/vfio/vfio_main.c
 * (fdinfo).
 */
export function readOpenDevices(files: PseudoFs, pid: number): OpenDevicesResult {
  const groups = new Set<string>();
  const characterDevices = new Set<string>();
  const addresses = new Set<string>();
  try {
    const names = files.list(`/proc/${pid}/fd`);
    if (!names) return undefined;
    for (const name of names) {
      const target = files.linkTarget(`/proc/${pid}/fd/${name}`) ?? '';
      const [, group, character] =
        /^\/dev\/vfio\/(?:((?:noiommu-)?\d+)|devices\/(vfio\d+))(?: \(deleted\))?$/.exec(target) ?? [];
      if (group !== undefined) groups.add(group);
      if (character !== undefined) characterDevices.add(character);
      if (target === 'anon_inode:[vfio-device]' || character !== undefined) {
        const address = namedDevice(files.read(`/proc/${pid}/fdinfo/${name}`));
        if (address !== undefined) addresses.add(address);
      }
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error;
  }
  return { groups, characterDevices, addresses };
}

/** The address in `vfio-device-syspath: /sys/devices/pci0000:80/0000:80:01.0/0000:82:00.0`. */
function namedDevice(fdinfo = ''): string | undefined {
  return /^vfio-device-syspath:\s*\S*\/([^/\s]+)$/m.exec(fdinfo)?.[1];
}

/** @throws FileError */
export function isOpenIn(files: PseudoFs, address: PciAddress, open: OpenDevices): boolean {
  if (open.addresses.has(address)) return true;
  const folder = `/sys/bus/pci/devices/${address}`;
  if (open.groups.size > 0) {
    const group = files.link(`${folder}/iommu_group`);
    if (group !== undefined && (open.groups.has(group) || open.groups.has(`noiommu-${group}`))) return true;
  }
  if (open.characterDevices.size === 0) return false;
  return (files.list(`${folder}/vfio-dev`) ?? []).some((name) => open.characterDevices.has(name));
}

const MAX_CACHED = 4096;

/** Cache of readOpenDevices() for many processes. */
export class OpenDevicesCache {
  readonly #known = new Map<number, { result: OpenDevicesResult; readAt: number }>();

  constructor(private readonly files: PseudoFs) {}

  /**
   * @param now in ms, of any clock
   * @param maxAgeMs maximum age of a cached result
   */
  get(pid: number, now: number, maxAgeMs: number): OpenDevicesResult {
    const known = this.#known.get(pid);
    if (known && now - known.readAt <= maxAgeMs) return known.result;
    if (this.#known.size >= MAX_CACHED) this.#known.clear();
    const result = readOpenDevices(this.files, pid);
    this.#known.set(pid, { result, readAt: now });
    return result;
  }
}
