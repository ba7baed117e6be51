import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { FileError, type Files } from './files.js';

const LIMIT = 16 * 1024 * 1024;
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH']);

/** The files of this host, or of the tree below `root` (a simulated host, a chroot). */
export class RootFiles implements Files {
  // sysfs and most of procfs answer within a page: one buffer serves, and grows for /proc/interrupts
  #buffer = Buffer.allocUnsafe(65536);
  readonly #root: string;

  constructor(root = '') {
    this.#root = root.replace(/\/+$/, '');
  }

  read(path: string): string | undefined {
    return this.#attempt(path, () => {
      const fd = openSync(this.#root + path, constants.O_RDONLY);
      try {
        return this.#readAll(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  list(path: string): string[] | undefined {
    return this.#attempt(path, () => readdirSync(this.#root + path));
  }

  link(path: string): string | undefined {
    return this.#attempt(path, () => basename(readlinkSync(this.#root + path)));
  }

  write(path: string, text: string): void {
    try {
      // never O_CREAT: an interrupt that went away must not leave a file below a root
      const fd = openSync(this.#root + path, constants.O_WRONLY | constants.O_TRUNC);
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw new FileError((error as NodeJS.ErrnoException).code ?? 'EIO', path);
    }
  }

  #readAll(fd: number): string {
    let length = 0;
    for (;;) {
      const read = readSync(fd, this.#buffer, length, this.#buffer.length - length, null);
      length += read;
      if (read === 0) return this.#buffer.toString('utf8', 0, length);
      if (length < this.#buffer.length) continue;
      if (length >= LIMIT) throw Object.assign(new Error(), { code: 'EFBIG' });
      this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2);
    }
  }

  #attempt<T>(path: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== undefined && ABSENT.has(code)) return undefined;
      throw new FileError(code ?? 'EIO', path);
    }
  }
}
