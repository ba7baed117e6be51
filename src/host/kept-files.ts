import { closeSync, constants, openSync, readFileSync, readSync, statfsSync } from 'node:fs';
import type { OpenFile } from './files.js';

/** statfs(2) of procfs and sysfs: there a descriptor of what is gone says so (EIO, ENODEV, ESRCH). Others go on with old text. */
const KERNEL_FILES = new Set([0x9fa0, 0x62656572]);
/** More than a page is read piece by piece: not here. */
const buffer = Buffer.allocUnsafe(65536);

/** The descriptors that one process keeps: all that it may have, but for an eighth, which is for everything else. */
export class KeptFiles {
  #left = Math.floor((descriptorLimit() * 7) / 8);

  /** @param readAnew reads it by its path: where no descriptor is kept */
  open(path: string, readAnew: () => string | undefined): OpenFile {
    return new KeptFile(this, path, readAnew);
  }

  /** A descriptor; undefined where none is to be kept. */
  take(path: string): number | undefined {
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

  giveBack(fd: number): void {
    closeSync(fd);
    this.#left++;
  }
}

class KeptFile implements OpenFile {
  #fd: number | undefined;
  /** what was read last: the same text again is the same string, and costs none */
  #text = '';

  constructor(
    private readonly kept: KeptFiles,
    private readonly path: string,
    private readonly readAnew: () => string | undefined,
  ) {}

  read(): string | undefined {
    this.#fd ??= this.kept.take(this.path);
    if (this.#fd === undefined) return this.readAnew();
    let length: number;
    try {
      length = readSync(this.#fd, buffer, 0, buffer.length, 0);
    } catch {
      this.close(); // whatever stands there now is another file
      return undefined;
    }
    if (length === buffer.length) {
      this.close();
      return this.readAnew();
    }
    if (!stands(this.#text, length)) this.#text = buffer.toString('latin1', 0, length);
    return this.#text;
  }

  close(): void {
    if (this.#fd !== undefined) this.kept.giveBack(this.#fd);
    this.#fd = undefined;
  }
}

/** Whether the buffer holds this text. Faster than a string made and compared, for a mask. */
function stands(text: string, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== buffer[i]) return false;
  return true;
}

/** Node raises the soft limit to the hard one when it starts. */
function descriptorLimit(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 256);
  } catch {
    return 256;
  }
}
