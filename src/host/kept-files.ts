import { closeSync, constants, openSync, readFileSync, readSync, statfsSync } from 'node:fs';
import type { OpenFile } from './files.js';

/** statfs(2) of procfs and sysfs: there a descriptor of what is gone says so (EIO, ENODEV, ESRCH). Others go on with old text. */
const KERNEL_FILES = new Set([0x9fa0, 0x62656572]);
/** More than a page is read piece by piece: not here. */
const buffer = Buffer.allocUnsafe(65536);

/** The descriptors that one process keeps: at most half of those that it may have. */
export class KeptFiles {
  #left = Math.floor(descriptorLimit() / 2);

  /** @param readAnew reads it by its path: where no descriptor is kept */
  open(path: string, readAnew: () => string | undefined): OpenFile {
    let fd: number | undefined;
    const close = () => {
      if (fd === undefined) return;
      closeSync(fd);
      fd = undefined;
      this.#left++;
    };
    const read = () => {
      fd ??= this.#keep(path);
      if (fd === undefined) return readAnew();
      try {
        const length = readSync(fd, buffer, 0, buffer.length, 0);
        if (length < buffer.length) return buffer.toString('latin1', 0, length);
      } catch {
        close(); // whatever stands there now is another file
        return undefined;
      }
      close();
      return readAnew();
    };
    return { read, close };
  }

  #keep(path: string): number | undefined {
    if (this.#left <= 0) return undefined;
    try {
      if (!KERNEL_FILES.has(statfsSync(path).type)) return undefined;
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      this.#left--;
      return fd;
    } catch {
      return undefined; // reading it anew says what is wrong
    }
  }
}

/** Node raises the soft limit to the hard one when it starts. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 256);
  } catch {
    return 256;
  }
}
