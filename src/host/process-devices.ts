import { closeSync, fstatSync, openSync } from 'node:fs';
import { errnoOf, isAbsent, systemError } from '../lib/errno.js';
import { O_PATH } from '../lib/open-folder.js';
import { type DescriptorInfo, Mounts, ownDescriptorInfo, readDescriptorInfo } from './mounts.js';

/** More groups and devices than a host has. */
const MAX_DESCRIPTORS = 1024;
/**
 * Where device nodes are, on hosts and in containers. A file on a network file system, or on one in user space, may
 * have any name, and reading its number may block forever.
 */
const DEVICE_FILE_SYSTEMS = new Set(['devtmpfs', 'tmpfs', 'ramfs']);

/**
 * The numbers of the character devices that a process has open, as in sysfs (`511:0`), by descriptor. A descriptor that
 * only names its file does not count (O_PATH): everybody who sees a device's node can have one.
 * @param root a tree that has the /proc; '' for this host
 * @throws the system's error; E2BIG for too many descriptors, ETIME if the process has too many mounts
 */
export function openDeviceNumbers(root: string, pid: number, descriptors: readonly string[]): Map<string, string> {
  if (descriptors.length > MAX_DESCRIPTORS) throw systemError('E2BIG', `/proc/${pid}/fd`);
  const mounts = new Mounts(root, pid);
  const numbers = new Map<string, string>();
  /** kept open until the end, so that no identifier of a mount in `types` is used again meanwhile */
  const kept: number[] = [];
  const types = new Map<string, string | undefined>();
  const typeOf = (info: DescriptorInfo) => {
    if (!types.has(info.mount)) types.set(info.mount, mounts.typeOf(info));
    return types.get(info.mount);
  };
  try {
    for (const name of descriptors) {
      const number = readNumber(root, pid, name, typeOf, kept);
      if (number !== undefined) numbers.set(name, number);
    }
  } finally {
    for (const fd of kept) closeSync(fd);
    mounts.close();
  }
  return numbers;
}

function readNumber(
  root: string,
  pid: number,
  name: string,
  typeOf: (info: DescriptorInfo) => string | undefined,
  kept: number[],
): string | undefined {
  try {
    // names the file that the process has open; the device itself is not opened
    const fd = openSync(`${root}/proc/${pid}/fd/${name}`, O_PATH);
    kept.push(fd);
    const own = ownDescriptorInfo(fd);
    const open = readDescriptorInfo(`${root}/proc/${pid}/fdinfo/${name}`);
    // the process may have put another file there meanwhile: what fdinfo says must be of the same file
    if (open.mount !== own.mount || open.inode !== own.inode || (open.flags & O_PATH) !== 0) return undefined;
    if (!DEVICE_FILE_SYSTEMS.has(typeOf(own) ?? '')) return undefined;
    const stat = fstatSync(fd);
    return stat.isCharacterDevice() ? numberOf(stat.rdev) : undefined;
  } catch (error) {
    if (isAbsent(errnoOf(error))) return undefined;
    throw error;
  }
}

/** As in sysfs: the kernel's encoding of 12 bits major and 20 bits minor (glibc: gnu_dev_major()). */
function numberOf(rdev: number): string {
  const device = BigInt(rdev);
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
