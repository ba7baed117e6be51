import { type PciAddress, parseAddress } from '../domain/address.js';
import { readDriver, vfioEvidence } from './pci-device.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { listDescriptors, readVfioDescriptors, type VfioDescriptor } from './vfio-descriptors.js';

/**
 * The VFIO devices that a process has open, from its descriptors. Source: the kernel's
 * Documentation/driver-api/vfio.rst, drivers/vfio/vfio_main.c (fdinfo).
 */
export interface OpenDevices {
  /** /dev/vfio/GROUP: all devices of that IOMMU group; no other process can open them meanwhile */
  groups: ReadonlySet<string>;
  /** /dev/vfio/devices/vfioN: one device */
  characterDevices: ReadonlySet<string>;
  /** devices by the address that the kernel shows in fdinfo (since 7.2) */
  addresses: ReadonlySet<string>;
}

/** What is known of a process; undefined: it has ended, or there are no descriptors below a --root. */
export type OpenDevicesResult = OpenDevices | FileError | undefined;

/** Reads one link per descriptor. */
export function readOpenDevices(files: PseudoFs, pid: number): OpenDevicesResult {
  try {
    const names = listDescriptors(files, pid);
    return names && openDevicesOf(readVfioDescriptors(files, pid, names, {}));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error;
  }
}

export function openDevicesOf(descriptors: readonly VfioDescriptor[]): OpenDevices {
  const open = descriptors.filter(({ isOpen }) => isOpen);
  return {
    groups: new Set(open.flatMap(({ group }) => group ?? [])),
    characterDevices: new Set(open.flatMap(({ characterDevice }) => characterDevice ?? [])),
    addresses: new Set(open.flatMap(({ address }) => address ?? [])),
  };
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

/**
 * The addresses of the devices that a process has open, in ascending order. Of a group with several devices, those that
 * a VFIO driver has.
 * @throws FileError
 */
export function openAddresses(files: PseudoFs, { groups, characterDevices, addresses }: OpenDevices): PciAddress[] {
  const found = new Set([...addresses].flatMap((address) => parseAddress(address) ?? []));
  for (const name of characterDevices) {
    const address = parseAddress(files.link(`/sys/class/vfio-dev/${name}/device`) ?? '');
    if (address) found.add(address);
  }
  // where the kernel names the devices, a group adds nothing but devices that are not in use
  for (const group of addresses.size > 0 ? [] : groups) {
    const names = files.list(`/sys/kernel/iommu_groups/${group.replace('noiommu-', '')}/devices`) ?? [];
    for (const address of names.flatMap((name) => parseAddress(name) ?? [])) {
      const isVfio = () => vfioEvidence(files, address, readDriver(files, address)) !== 'no';
      if (names.length === 1 || isVfio()) found.add(address);
    }
  }
  return [...found].sort();
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

  /**
   * Whether a process has a device open; undefined if that is unknown.
   * @param now as for get()
   * @throws FileError if sysfs cannot be read
   */
  isOpen(pid: number, address: PciAddress, now: number, maxAgeMs: number): boolean | FileError | undefined {
    const open = this.get(pid, now, maxAgeMs);
    return open && !(open instanceof FileError) ? isOpenIn(this.files, address, open) : open;
  }
}
