import { FileError, type PseudoFs } from './pseudo-fs.js';

/** A descriptor with the name of a VFIO file: a group, a device, or a device that was opened through a group. */
export interface VfioDescriptor {
  /** its number, as in /proc/PID/fd */
  name: string;
  /** the target of its link */
  target: string;
  /**
   * it is the device of that name. A process may have any file in its own /dev, so the name proves nothing: the
   * process must have the device open that sysfs has for that name
   */
  isOpen: boolean;
  group?: string;
  characterDevice?: string;
  /** of a device that was opened through a group, as the kernel shows it in fdinfo (since 7.2) */
  address?: string | undefined;
}

/** What is known of the kernel after the first process. */
export interface KernelSupport {
  /** fdinfo names the devices */
  namesDevices?: boolean;
}

/** QEMU has some hundreds, and more only with thousands of vectors. A list of a million takes a second of CPU time. */
const MAX_DESCRIPTORS = 16384;

/**
 * For the links of one process. To resolve a link the kernel walks up all mounts: a millisecond if a user has stacked
 * 100,000.
 */
const MAX_READ_MS = 150;
/** At least this many are read, however busy this host is. */
const MIN_LINKS = 200;

/**
 * The descriptors of a process; undefined if it has ended.
 * @throws FileError; E2BIG if it has room for more than QEMU ever needs
 */
export function listDescriptors(files: PseudoFs, pid: number): string[] | undefined {
  const size = /^FDSize:\s*(\d+)$/m.exec(files.read(`/proc/${pid}/status`) ?? '')?.[1];
  if (Number(size ?? 0) > MAX_DESCRIPTORS) throw new FileError('E2BIG', `/proc/${pid}/fd`);
  return files.list(`/proc/${pid}/fd`);
}

/** Undefined if it is not VFIO's. @throws FileError */
export function readDescriptor(files: PseudoFs, pid: number, name: string): VfioDescriptor | undefined {
  const target = files.linkTarget(`/proc/${pid}/fd/${name}`) ?? '';
  // no path has such a name
  if (target === 'anon_inode:[vfio-device]') return { name, target, isOpen: true };
  if (!target.startsWith('/dev/vfio/')) return undefined;
  const [, group, characterDevice] =
    /^\/dev\/vfio\/(?:((?:noiommu-)?\d+)|devices\/(vfio\d+))(?: \(deleted\))?$/.exec(target) ?? [];
  if (group !== undefined) return { name, target, isOpen: false, group };
  return characterDevice === undefined ? undefined : { name, target, isOpen: false, characterDevice };
}

/** The descriptors with the name of a VFIO file. @throws FileError; ETIME if it takes too long */
export function readVfioDescriptors(
  files: PseudoFs,
  pid: number,
  names: readonly string[],
  kernel: KernelSupport,
): VfioDescriptor[] {
  const checkTime = timeLimit(pid);
  const named = names.flatMap((name) => {
    checkTime();
    return readDescriptor(files, pid, name) ?? [];
  });
  checkNumbers(files, pid, named);
  for (const one of named) if (isGiven(one)) one.address = readAddress(files, pid, one, kernel);
  return named;
}

/** Whether descriptors have the same names as before. They may be other files by now. @throws FileError as above */
export function areNamedAsBefore(
  files: PseudoFs,
  pid: number,
  before: readonly VfioDescriptor[],
  kernel: KernelSupport,
): boolean {
  const checkTime = timeLimit(pid);
  return before.every((one) => {
    checkTime();
    if (files.linkTarget(`/proc/${pid}/fd/${one.name}`) !== one.target) return false;
    return !isGiven(one) || readAddress(files, pid, one, kernel) === one.address;
  });
}

/** A function that throws if it is called more than MIN_LINKS times, and MAX_READ_MS have passed. */
function timeLimit(pid: number): () => void {
  const began = performance.now();
  let calls = 0;
  return () => {
    if (++calls > MIN_LINKS && performance.now() - began > MAX_READ_MS) throw new FileError('ETIME', `/proc/${pid}/fd`);
  };
}

const isGiven = ({ group, characterDevice }: VfioDescriptor) => group === undefined && characterDevice === undefined;

function readAddress(files: PseudoFs, pid: number, { name }: VfioDescriptor, kernel: KernelSupport) {
  if (kernel.namesDevices === false) return undefined;
  const text = files.read(`/proc/${pid}/fdinfo/${name}`);
  const address = addressIn(text);
  if (text !== undefined) kernel.namesDevices = address !== undefined;
  return address;
}

/** The address in `vfio-device-syspath: /sys/devices/pci0000:80/0000:80:01.0/0000:82:00.0`. */
function addressIn(fdinfo = ''): string | undefined {
  return /^vfio-device-syspath:\s*\S*\/([^/\s]+)$/m.exec(fdinfo)?.[1];
}

/** @throws FileError */
function checkNumbers(files: PseudoFs, pid: number, descriptors: readonly VfioDescriptor[]): void {
  const nodes = descriptors.filter((one) => !isGiven(one));
  if (nodes.length === 0) return;
  const names = nodes.map(({ name }) => name);
  const numbers = files.openDeviceNumbers(pid, names);
  for (const one of nodes) {
    const entry = one.group === undefined ? `vfio-dev/${one.characterDevice}` : `vfio/${one.group}`;
    const number = numbers?.get(one.name);
    // in a tree that is no kernel's an open file is only named
    one.isOpen = !numbers || (number !== undefined && number === files.read(`/sys/class/${entry}/dev`)?.trim());
  }
}
