import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';
import { FdCache } from './fd-cache.js';
import { Mounts } from './mounts.js';
import { openBelow, openBelowToRead } from './open-below.js';
import { openDeviceNumbers } from './process-devices.js';
import { ProcessDirectory } from './process-directory.js';
import {
  FileError,
  type OpenFile,
  type ProcessFolder,
  type PseudoFs,
  UntrustedFile,
  type WritableFile,
} from './pseudo-fs.js';

/** In bytes. /proc/interrupts of the largest hosts has some 20 MiB; a device file below a root may never end. */
const MAX_FILE_SIZE = 64 * 1024 * 1024;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/**
 * Files that one read(2) returns whole (kernel: kernfs, and single_open() in kernel/irq/proc.c). /proc/interrupts
 * consists of many records, and a read ends before the first record that does not fit.
 */
const ONE_RECORD = /^\/(?:sys|proc\/irq)\//;

/** Magic number of procfs (statfs(2)). */
const PROC_MAGIC = 0x9fa0;

/** The files of this host, or of the directory `root` (a simulated host, a chroot). */
export class RealFs implements PseudoFs {
  // shared by all reads: nearly every file fits in a page
  readonly #buffer = Buffer.allocUnsafe(65536);
  readonly root: string;
  readonly #fdCache: FdCache;
  #hasProcfs: boolean | undefined;

  constructor(root = '') {
    this.root = root.replace(/\/+$/, '');
    this.#fdCache = new FdCache(this.root);
  }

  read(path: string): string | undefined {
    const readText = () => this.#readText(path, ONE_RECORD.test(path));
    return this.#attempt(path, () => {
      try {
        return readText();
      } catch (error) {
        // procfs gives EIO if the file was removed after the open: a second read then gives ENOENT
        if (errnoOf(error) !== 'EIO') throw error;
        return readText();
      }
    });
  }

  readTrusted(path: string): string | undefined {
    const file = this.root + path;
    const isTrusted = (uid: number) => uid === 0 || (this.root !== '' && uid === statSync('/proc/self').uid);
    const text = this.#attempt(path, () => this.#readText(path, false, (fd) => assertTrusted(fd, file, isTrusted)));
    const link = text === undefined ? this.#danglingLink(path) : undefined;
    if (link !== undefined) throw new UntrustedFile(this.root + link, 'a link to a file that does not exist');
    return text;
  }

  /** The file, or a directory on its path, if it is a link that leads nowhere: what it forbids is unknown then. */
  #danglingLink(path: string): string | undefined {
    for (let one = path; one !== '/'; one = dirname(one)) {
      const stat = this.#attempt(one, () => lstatBelow(this.root, one));
      if (stat) return stat.isSymbolicLink() && (one === path || !this.#exists(one)) ? one : undefined;
    }
    return undefined;
  }

  /** Follows links, below the root. */
  #exists(path: string): boolean {
    const options = { flags: O_RDONLY, followLast: true };
    const fd = this.#attempt(path, () => openBelow(this.root || '/', path, options));
    if (fd !== undefined) closeSync(fd);
    return fd !== undefined;
  }

  list(path: string): string[] | undefined {
    return this.#attempt(path, () => readdirSync(this.root + path));
  }

  /**
   * A directory has two links, plus one for each subdirectory. This holds on procfs, but not on all file systems
   * (overlayfs, btrfs).
   */
  countFolders(path: string): number | undefined {
    try {
      const { nlink } = statSync(this.root + path);
      return nlink > 2 ? nlink - 2 : undefined;
    } catch {
      return undefined;
    }
  }

  countDescriptors(pid: number): number | undefined {
    if (!this.#isProcfs()) return undefined;
    const path = `/proc/${pid}/fd`;
    const size = this.#attempt(path, () => statSync(this.root + path).size);
    return size === 0 ? undefined : size;
  }

  link(path: string): string | undefined {
    const target = this.linkTarget(path);
    return target === undefined ? undefined : basename(target);
  }

  linkTarget(path: string): string | undefined {
    return this.#attempt(path, () => readlinkSync(this.root + path));
  }

  openDeviceNumbers(pid: number, descriptors: readonly string[]): ReadonlyMap<string, string> | undefined {
    if (!this.#isProcfs()) return undefined;
    return this.#attempt(`/proc/${pid}/fd`, () => openDeviceNumbers(this.root, pid, descriptors)) ?? new Map();
  }

  inProcess<T>(pid: number, path: string, action: (folder: ProcessFolder) => T): T | undefined {
    const place = `/proc/${pid}/root${path}`;
    return this.#attempt(place, () => {
      const mounts = this.#isProcfs() ? new Mounts(this.root, pid) : undefined;
      try {
        return ProcessDirectory.use(this.root, pid, path, mounts, (opened) =>
          action({
            names: (most) => opened.names(most),
            read: (name, maxBytes, known) =>
              this.#attempt(`${place}/${name}`, () => opened.read(name, maxBytes, known)),
          }),
        );
      } finally {
        mounts?.close();
      }
    });
  }

  /** Whether /proc is a kernel's: below a root it may be a folder of files. */
  #isProcfs(): boolean {
    this.#hasProcfs ??= this.#attempt('/proc', () => statfsSync(`${this.root}/proc`).type === PROC_MAGIC) ?? false;
    return this.#hasProcfs;
  }

  #write(path: string, text: string): void {
    const file = this.root + path;
    try {
      // no O_CREAT: an interrupt that went away must not leave a file below a root. No links: the kernel has none there
      const fd =
        this.root === ''
          ? openSync(file, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK)
          : openBelow(this.root, path, { flags: O_WRONLY, truncate: true });
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const code = errnoOf(error);
      const isGone = isAbsent(code) || (code === 'EIO' && !existsSync(file));
      throw new FileError(isGone ? 'ENOENT' : code === 'EACCES' && isReadOnly(file) ? 'EPERM' : code, file);
    }
  }

  open(path: string): OpenFile {
    return this.#fdCache.open(this.root + path, 'read', this.#byPath(path));
  }

  openToWrite(path: string): WritableFile {
    return this.#fdCache.open(this.root + path, 'write', this.#byPath(path));
  }

  #byPath(path: string) {
    return { read: () => this.read(path), write: (text: string) => this.#write(path, text) };
  }

  /** O_NONBLOCK: opening a FIFO below a root would wait for a writer. */
  #readText(path: string, isOneRecord: boolean, check: (fd: number) => void = () => {}): string {
    const fd = this.root === '' ? openSync(path, O_RDONLY | O_NONBLOCK) : openBelowToRead(this.root, path);
    try {
      check(fd);
      let buffer: Buffer = this.#buffer;
      for (let length = 0; ; ) {
        const read = readSync(fd, buffer, length, buffer.length - length, null);
        length += read;
        if (read === 0 || (isOneRecord && length < buffer.length)) return buffer.toString('utf8', 0, length);
        if (length > MAX_FILE_SIZE) throw Object.assign(new Error(), { code: 'EFBIG' });
        if (length === buffer.length) buffer = Buffer.concat([buffer], length * 2);
      }
    } finally {
      closeSync(fd);
    }
  }

  #attempt<T>(path: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (error instanceof FileError) throw error;
      const code = errnoOf(error);
      if (isAbsent(code)) return undefined;
      throw new FileError(code, this.root + path);
    }
  }
}

/** Links on the path are resolved below the root, the last component is not. @throws the system's error */
function lstatBelow(root: string, path: string): Stats {
  const { folder, name } = walk(path, { root: root || '/' });
  return using(folder, () => lstatSync(folder.at(name)));
}

/**
 * Whether the file has no write permission at all. From 6.12 on, the mask of a managed interrupt has such a mode
 * (kernel: kernel/irq/proc.c). Without CAP_DAC_OVERRIDE root gets EACCES when opening it; with it, EPERM when writing.
 */
function isReadOnly(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && (stat.mode & 0o222) === 0;
}

/**
 * The same checks as sudo makes of sudoers.
 * @throws UntrustedFile
 */
function assertTrusted(fd: number, file: string, isTrusted: (uid: number) => boolean): void {
  const stat = fstatSync(fd);
  const { mode, uid } = stat;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  if (!stat.isFile()) throw new UntrustedFile(file, 'not a regular file');
  if (!isTrusted(uid)) throw new UntrustedFile(file, `owned by uid ${uid}, must be owned by root (chown root)`);
  if ((mode & 0o022) !== 0)
    throw new UntrustedFile(file, `writable by group or others (mode ${octal}): run chmod go-w`);
}
