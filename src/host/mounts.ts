import { closeSync, openSync, readlinkSync, readSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { MountList } from './mount-list.js';

/** For all lists: each of thousands of files may be on a mount of its own. */
const MAX_READ_MS = 250;

/** The mounts that a process sees, by the identifier that fdinfo has, too. Close it. */
export class Mounts {
  #usedMs = 0;
  /** of the process; undefined: it has to be read anew, because it may have changed since the last time */
  #own: MountList | undefined;

  /** @param root a tree that has the /proc; '' for this host */
  constructor(
    private readonly root: string,
    private readonly pid: number,
    private readonly now = () => performance.now(),
  ) {}

  /**
   * The type of the file system of an open file, which cannot change while the file is open. A process may have it from
   * the mount namespace of the host; undefined if neither shows it.
   * @throws the system's error; ETIME if the process has too many mounts, then and at all later calls
   */
  typeOf({ mount }: DescriptorInfo): string | undefined {
    if (this.#usedMs > MAX_READ_MS) throw systemError('ETIME', `/proc/${this.pid}/mountinfo`);
    const began = this.now();
    try {
      return this.#typeInOwn(mount) ?? typeInOnce(this.#open(1), mount);
    } finally {
      this.#usedMs += this.now() - began;
    }
  }

  close(): void {
    this.#own?.close();
    this.#own = undefined;
  }

  #typeInOwn(mount: string): string | undefined {
    if (this.#own) return this.#own.typeOf(mount);
    const list = this.#open(this.pid);
    // asked after the list was opened: it is of root's mounts then, and nobody else can exchange them meanwhile
    if (list && this.areByRoot()) this.#own = list;
    return this.#own ? this.#own.typeOf(mount) : typeInOnce(list, mount);
  }

  #open(pid: number): MountList | undefined {
    return MountList.open(`${this.root}/proc/${pid}/mountinfo`, this.now);
  }

  /**
   * Whether root of the host has made the mounts that typeOf() saw before: the process is in the user namespace of
   * the host's first process, to which nobody can come back from another one.
   */
  areByRoot(): boolean {
    const [own, initial] = [this.pid, 1].map((pid) => this.#userNamespace(pid));
    return own !== undefined && own === initial;
  }

  #userNamespace(pid: number): string | undefined {
    try {
      return readlinkSync(`${this.root}/proc/${pid}/ns/user`);
    } catch {
      return undefined;
    }
  }
}

function typeInOnce(list: MountList | undefined, mount: string): string | undefined {
  try {
    return list?.typeOf(mount);
  } finally {
    list?.close();
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
