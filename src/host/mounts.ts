import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { errnoOf, isAbsent } from '../lib/errno.js';

/** The mounts that a process sees, by the identifier that fdinfo has, too. Read when they are first asked for. */
export class Mounts {
  #own: string | undefined;
  #initial: string | undefined;

  /** @param root a tree that has the /proc; '' for this host */
  constructor(
    private readonly root: string,
    private readonly pid: number,
  ) {}

  /**
   * The type of the file system of an open file, which cannot change while the file is open. A process may have it from
   * the mount namespace of the host; undefined if neither shows it.
   */
  typeOf({ mount }: DescriptorInfo): string | undefined {
    this.#own ??= readMounts(`${this.root}/proc/${this.pid}/mountinfo`);
    const found = typeIn(this.#own, mount);
    if (found !== undefined) return found;
    this.#initial ??= readMounts(`${this.root}/proc/1/mountinfo`);
    return typeIn(this.#initial, mount);
  }
}

/**
 * The fields are: identifier, parent, device, root, mount point, options, optional fields, `-`, type (proc(5)). None
 * contains a space.
 */
const typeIn = (mounts: string, mount: string) => new RegExp(`^${mount} .*? - (\\S+) `, 'm').exec(mounts)?.[1];

function readMounts(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const code = errnoOf(error);
    if (isAbsent(code) || code === 'EACCES' || code === 'EPERM') return '';
    throw error;
  }
}

/** What fdinfo says of any open file: proc(5). */
export interface DescriptorInfo {
  flags: number;
  mount: string;
  /** kernels since 5.14 */
  inode: string | undefined;
}

/** The general part stands first; after it come a line for each lock and what the driver adds. */
const buffer = Buffer.allocUnsafe(512);
const GENERAL = /^pos:\s*\d+\nflags:\s*(\d+)\nmnt_id:\s*(\d+)\n(?:ino:\s*(\d+)\n)?/;

/** @param path of the file in fdinfo @throws the system's error; EBADMSG if it does not have the kernel's format */
export function readDescriptorInfo(path: string): DescriptorInfo {
  const fd = openSync(path, 'r');
  let text: string;
  try {
    text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(fd);
  }
  const [, flags, mount, inode] = GENERAL.exec(text) ?? [];
  if (flags === undefined || mount === undefined) throw Object.assign(new Error(), { code: 'EBADMSG' });
  return { flags: Number.parseInt(flags, 8), mount, inode };
}

/** What fdinfo says of a descriptor of this process. */
export const ownDescriptorInfo = (fd: number) => readDescriptorInfo(`/proc/self/fdinfo/${fd}`);
