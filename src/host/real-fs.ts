import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename } from 'node:path';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { FdCache } from './fd-cache.js';
import { openBelow } from './open-below.js';
import { FileError, type OpenFile, type PseudoFs, UntrustedFile, type WritableFile } from './pseudo-fs.js';

/** /proc/interrupts of the largest hosts is some 20 MiB; a device file planted below a root has no end. */
const LIMIT = 64 * 1024 * 1024;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/**
 * An answer of one record, which one read(2) gives whole (kernel: kernfs, and single_open() in kernel/irq/proc.c). /proc/interrupts has
 * many, and ends a read where the next does not fit.
 */
const ONE_RECORD = /^\/(?:sys|proc\/irq)\//;

/** The files of this host, or of the tree below `root` (a simulated host, a chroot). */
export class RealFs implements PseudoFs {
  // nearly every answer fits a page: one buffer serves
  readonly #buffer = Buffer.allocUnsafe(65536);
  readonly #root: string;
  readonly #kept: FdCache;

  constructor(root = '') {
    this.#root = root.replace(/\/+$/, '');
    this.#kept = new FdCache(this.#root);
  }

  read(path: string): string | undefined {
    const text = () => this.#text(this.#root + path, ONE_RECORD.test(path));
    return this.#attempt(path, () => {
      try {
        return text();
      } catch (error) {
        // procfs's answer for what went after it was opened: a second look says which it is
        if (errnoOf(error) !== 'EIO') throw error;
        return text();
      }
    });
  }

  readTrusted(path: string): string | undefined {
    const file = this.#root + path;
    const isTrusted = (uid: number) => uid === 0 || (this.#root !== '' && uid === statSync('/proc/self').uid);
    return this.#attempt(path, () => this.#text(file, false, (fd) => assertTrusted(fd, file, isTrusted)));
  }

  list(path: string): string[] | undefined {
    return this.#attempt(path, () => readdirSync(this.#root + path));
  }

  /** Each folder in it has a link to it, beside its own two; not on every file system (overlayfs, btrfs), but on procfs. */
  folders(path: string): number | undefined {
    try {
      const { nlink } = statSync(this.#root + path);
      return nlink > 2 ? nlink - 2 : undefined;
    } catch {
      return undefined;
    }
  }

  link(path: string): string | undefined {
    return this.#attempt(path, () => basename(readlinkSync(this.#root + path)));
  }

  /** By its path, where no descriptor is kept. */
  #write(path: string, text: string): void {
    const file = this.#root + path;
    try {
      // never O_CREAT: an interrupt that went away must not leave a file below a root; nor a link: the kernel has none there
      const fd =
        this.#root === ''
          ? openSync(file, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK)
          : openBelow(this.#root, path, { flags: O_WRONLY, truncate: true });
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const code = errnoOf(error);
      throw new FileError(isAbsent(code) || (code === 'EIO' && !existsSync(file)) ? 'ENOENT' : code, file);
    }
  }

  open(path: string): OpenFile {
    return this.#kept.open(this.#root + path, 'read', this.#anew(path));
  }

  openToWrite(path: string): WritableFile {
    return this.#kept.open(this.#root + path, 'write', this.#anew(path));
  }

  #anew(path: string) {
    return { read: () => this.read(path), write: (text: string) => this.#write(path, text) };
  }

  /** O_NONBLOCK: a FIFO below a root would wait for a writer. */
  #text(file: string, oneRecord: boolean, assertRead: (fd: number) => void = () => {}): string {
    const fd = openSync(file, O_RDONLY | O_NONBLOCK);
    try {
      assertRead(fd);
      let buffer: Buffer = this.#buffer;
      for (let length = 0; ; ) {
        const read = readSync(fd, buffer, length, buffer.length - length, null);
        length += read;
        if (read === 0 || (oneRecord && length < buffer.length)) return buffer.toString('utf8', 0, length);
        if (length > LIMIT) throw Object.assign(new Error(), { code: 'EFBIG' });
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
      throw new FileError(code, this.#root + path);
    }
  }
}

/** As sudo judges sudoers. @throws UntrustedFile */
function assertTrusted(fd: number, file: string, isTrusted: (uid: number) => boolean): void {
  const stat = fstatSync(fd);
  const { mode, uid } = stat;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  if (!stat.isFile()) throw new UntrustedFile(file, 'it is no regular file');
  if (!isTrusted(uid)) throw new UntrustedFile(file, `it belongs to uid ${uid}, and must belong to root (chown root)`);
  if ((mode & 0o022) !== 0)
    throw new UntrustedFile(file, `others than its owner may write to it (mode ${octal}): chmod go-w`);
}
