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
 * Reads one link per descriptor. A process may have any file in its own /dev, so the name alone is no evidence: the
 * process must have the device open that sysfs has for that name. Source: the kernel's
 * Documentation/driver-api/vfio.rst, drivers/vfio/vfio_main.c (fdinfo).
 */
export function readOpenDevices(files: PseudoFs, pid: number, kernel: KernelSupport = {}): OpenDevicesResult {
  const addresses = new Set<string>();
  const open: NamedDescriptor[] = [];
  try {
    const names = listDescriptors(files, pid);
    if (!names) return undefined;
    const named = names.flatMap((name) => readDescriptor(files, pid, name) ?? []);
    open.push(...haveNumbers(files, pid, named));
    for (const { name, group } of open) {
      if (group !== undefined || kernel.namesDevices === false) continue;
      const text = files.read(`/proc/${pid}/fdinfo/${name}`);
      const address = namedDevice(text);
      if (address !== undefined) addresses.add(address);
      if (text !== undefined) kernel.namesDevices = address !== undefined;
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error;
  }
  return {
    groups: new Set(open.flatMap(({ group }) => group ?? [])),
    characterDevices: new Set(open.flatMap(({ characterDevice }) => characterDevice ?? [])),
    addresses,
  };
}

/** QEMU has some hundreds; a list of a million takes a second of CPU time. */
const MAX_DESCRIPTORS = 65536;

/**
 * The descriptors of a process; undefined if it has ended.
 * @throws FileError; E2BIG if it has room for more than QEMU ever needs
 */
export function listDescriptors(files: PseudoFs, pid: number): string[] | undefined {
  const size = /^FDSize:\s*(\d+)$/m.exec(files.read(`/proc/${pid}/status`) ?? '')?.[1];
  if (Number(size ?? 0) > MAX_DESCRIPTORS) throw new FileError('E2BIG', `/proc/${pid}/fd`);
  return files.list(`/proc/${pid}/fd`);
}

/** What a descriptor is of VFIO, by its name: a group, a device, or a device that a group gave. */
interface NamedDescriptor {
  name: string;
  group?: string;
  characterDevice?: string;
}

/** Undefined: nothing of VFIO. @throws FileError */
export function readDescriptor(files: PseudoFs, pid: number, name: string): NamedDescriptor | undefined {
  const target = files.linkTarget(`/proc/${pid}/fd/${name}`) ?? '';
  // no path has such a name
  if (target === 'anon_inode:[vfio-device]') return { name };
  if (!target.startsWith('/dev/vfio/')) return undefined;
  const [, group, characterDevice] =
    /^\/dev\/vfio\/(?:((?:noiommu-)?\d+)|devices\/(vfio\d+))(?: \(deleted\))?$/.exec(target) ?? [];
  if (group !== undefined) return { name, group };
  return characterDevice === undefined ? undefined : { name, characterDevice };
}

/** Those that are the device that they are called like. @throws FileError */
function haveNumbers(files: PseudoFs, pid: number, descriptors: readonly NamedDescriptor[]): NamedDescriptor[] {
  const entryOf = ({ group, characterDevice }: NamedDescriptor) =>
    group !== undefined ? `vfio/${group}` : characterDevice !== undefined ? `vfio-dev/${characterDevice}` : undefined;
  const nodes = descriptors.filter((one) => entryOf(one) !== undefined).map(({ name }) => name);
  const numbers = nodes.length > 0 ? files.openDeviceNumbers(pid, nodes) : undefined;
  if (!numbers) return [...descriptors];
  return descriptors.filter((one) => {
    const entry = entryOf(one);
    if (entry === undefined) return true;
    const number = numbers.get(one.name);
    return number !== undefined && number === files.read(`/sys/class/${entry}/dev`)?.trim();
  });
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
