import { type PciAddress, parseAddress } from '../domain/address.js';
import { readDriver, vfioEvidence } from './pci-device.js';
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

/** What a look at one process tells of the kernel, for the next. */
export interface KernelSupport {
  /** fdinfo names the devices */
  namesDevices?: boolean;
}

/** What is known of a process; undefined: it has ended, or there are no descriptors below a --root. */
export type OpenDevicesResult = OpenDevices | FileError | undefined;

/**
 * Reads one link per descriptor. Source: the kernel's Documentation/driver-api/vfio.rst, drivers/vfio/vfio_main.c
 * (fdinfo).
 */
export function readOpenDevices(files: PseudoFs, pid: number, kernel: KernelSupport = {}): OpenDevicesResult {
  const groups = new Set<string>();
  const characterDevices = new Set<string>();
  const addresses = new Set<string>();
  try {
    const names = files.list(`/proc/${pid}/fd`);
    if (!names) return undefined;
    for (const name of names) {
      const found = readDescriptor(files, pid, name);
      if (found?.group !== undefined) groups.add(found.group);
      if (found?.characterDevice !== undefined) characterDevices.add(found.characterDevice);
      if (found?.isDevice && kernel.namesDevices !== false) {
        const text = files.read(`/proc/${pid}/fdinfo/${name}`);
        const address = namedDevice(text);
        if (address !== undefined) addresses.add(address);
        if (text !== undefined) kernel.namesDevices = address !== undefined;
      }
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error;
  }
  return { groups, characterDevices, addresses };
}

/** What one descriptor is of VFIO; undefined: nothing. */
export interface VfioDescriptor {
  group?: string;
  characterDevice?: string;
  /** a device: fdinfo may name it */
  isDevice: boolean;
}

/**
 * A process may have any file in its own /dev, so the name alone is no evidence: the number of the device must be the
 * one that sysfs has for that name.
 * @throws FileError
 */
export function readDescriptor(files: PseudoFs, pid: number, name: string): VfioDescriptor | undefined {
  const path = `/proc/${pid}/fd/${name}`;
  const target = files.linkTarget(path) ?? '';
  if (target === 'anon_inode:[vfio-device]') return { isDevice: true };
  if (!target.startsWith('/dev/vfio/')) return undefined;
  const [, group, characterDevice] =
    /^\/dev\/vfio\/(?:((?:noiommu-)?\d+)|devices\/(vfio\d+))(?: \(deleted\))?$/.exec(target) ?? [];
  if (group === undefined && characterDevice === undefined) return undefined;
  const number = files.deviceNumber(path);
  if (number !== undefined) {
    const entry = group === undefined ? `vfio-dev/${characterDevice}` : `vfio/${group}`;
    if (number === null || number !== files.read(`/sys/class/${entry}/dev`)?.trim()) return undefined;
  }
  return group === undefined
    ? { ...(characterDevice === undefined ? {} : { characterDevice }), isDevice: true }
    : { group, isDevice: false };
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
}
