import { readFileSync } from 'node:fs';
import { errnoOf, isAbsent } from '../lib/errno.js';

/** The mounts that a process sees, by the identifier that fdinfo has, too. Read when they are first asked for. */
export class Mounts {
  #types: ReadonlyMap<string, string> | undefined;
  #initial: ReadonlyMap<string, string> | undefined;

  /** @param root a tree that has the /proc; '' for this host */
  constructor(
    private readonly root: string,
    private readonly pid: number,
  ) {}

  /**
   * The type of the file system of an open file. A process may have inherited it from the mount namespace of the host;
   * undefined if neither shows it. It cannot change while the file is open.
   */
  typeOf({ mount }: DescriptorInfo): string | undefined {
    this.#types ??= readTypes(`${this.root}/proc/${this.pid}/mountinfo`);
    const found = this.#types.get(mount);
    if (found !== undefined) return found;
    this.#initial ??= readTypes(`${this.root}/proc/1/mountinfo`);
    return this.#initial.get(mount);
  }
}

/** What fdinfo says of any open file: proc(5). */
export interface DescriptorInfo {
  flags: number;
  mount: string;
  /** kernels since 5.14 */
  inode: string | undefined;
}

/** @param path of the file in fdinfo @throws the system's error; EBADMSG if it does not have the kernel's format */
export function readDescriptorInfo(path: string): DescriptorInfo {
  const text = readFileSync(path, 'latin1');
  const value = (key: string) => new RegExp(`^${key}:\\s*(\\d+)$`, 'm').exec(text)?.[1];
  const [flags, mount] = [value('flags'), value('mnt_id')];
  if (flags === undefined || mount === undefined) throw Object.assign(new Error(), { code: 'EBADMSG' });
  return { flags: Number.parseInt(flags, 8), mount, inode: value('ino') };
}

/** What fdinfo says of a descriptor of this process. */
export const ownDescriptorInfo = (fd: number) => readDescriptorInfo(`/proc/self/fdinfo/${fd}`);

/** Identifier, parent, device, root, mount point, options, optional fields, `-`, type: proc(5). */
function readTypes(path: string): ReadonlyMap<string, string> {
  const types = new Map<string, string>();
  for (const line of readLines(path)) {
    const [, mount, type] = /^(\d+) .* - (\S+) /.exec(line) ?? [];
    if (mount !== undefined && type !== undefined) types.set(mount, type);
  }
  return types;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch (error) {
    const code = errnoOf(error);
    if (isAbsent(code) || code === 'EACCES' || code === 'EPERM') return [];
    throw error;
  }
}
