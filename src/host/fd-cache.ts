import { closeSync, constants, openSync, readFileSync, readSync, statfsSync, writeSync } from 'node:fs';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { openBelow } from './open-below.js';
import { FileError, type WritableFile } from './pseudo-fs.js';

/** statfs(2) of procfs and sysfs: there a descriptor of what is gone says so (EIO, ENODEV, ESRCH). Others go on with old text. */
const KERNEL_FILES = new Set([0x9fa0, 0x62656572]);
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const FLAGS = { read: O_RDONLY | O_NONBLOCK, write: O_RDWR | O_NOFOLLOW | O_NONBLOCK };
/** More than a page is read piece by piece: not here. */
const buffer = Buffer.allocUnsafe(65536);

type Mode = keyof typeof FLAGS;

/** A file by its path, each time. */
interface Anew {
  read(): string | undefined;
  write(text: string): void;
}

/** The descriptors that one process keeps: all that it may have, but for an eighth, which is for everything else. */
export class FdCache {
  #left = Math.floor((descriptorLimit() * 7) / 8);
  /** by paths without their numbers: whether the kernel answers there */
  readonly #kinds = new Map<string, boolean>();

  /** @param root of the tree that the paths are in; '' for this host's own */
  constructor(private readonly root = '') {}

  /** @param anew for where no descriptor is kept */
  open(path: string, mode: Mode, anew: Anew): WritableFile {
    return new KeptFile(this, path, mode, anew);
  }

  /** A descriptor; undefined where none is to be kept, and `absent` where there is no such file. */
  take(path: string, mode: Mode): number | 'absent' | undefined {
    if (this.#left <= 0) return undefined;
    try {
      if (!this.#isKernels(path)) return undefined;
      const fd =
        mode === 'write' && this.root !== ''
          ? openBelow(this.root, path.slice(this.root.length), { flags: O_RDWR })
          : openSync(path, FLAGS[mode]);
      this.#left--;
      return fd;
    } catch (error) {
      // reading it anew says what else is wrong
      return isAbsent(errnoOf(error)) ? 'absent' : undefined;
    }
  }

  #isKernels(path: string): boolean {
    // below a root there may be a link to one beside a copy of another
    if (this.root !== '') return KERNEL_FILES.has(statfsSync(path).type);
    const kind = path.replace(/\d+/g, '#');
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const isKernels = KERNEL_FILES.has(statfsSync(path).type);
    this.#kinds.set(kind, isKernels);
    return isKernels;
  }

  giveBack(fd: number): void {
    closeSync(fd);
    this.#left++;
  }
}

class KeptFile implements WritableFile {
  #fd: number | undefined;
  /** what was read last: the same text again is the same string, and costs none */
  #text = '';
  /** there is no descriptor, or one that cannot be written to: it is written by its path */
  #isAnew = false;

  constructor(
    private readonly kept: FdCache,
    private readonly path: string,
    private mode: Mode,
    private readonly anew: Anew,
  ) {
    if (mode === 'write') this.#descriptor();
  }

  read(): string | undefined {
    const fd = this.#descriptor();
    if (fd === undefined) return this.anew.read();
    // not by its path: what is there a moment later could not be told from what was there
    if (fd === 'absent') return undefined;
    let length: number;
    try {
      length = readSync(fd, buffer, 0, buffer.length, 0);
    } catch {
      this.close(); // whatever stands there now is another file
      return undefined;
    }
    if (length === buffer.length) {
      this.close();
      return this.anew.read();
    }
    if (!stands(this.#text, length)) this.#text = buffer.toString('latin1', 0, length);
    return this.#text;
  }

  /** The one that is kept; undefined where none is. */
  #descriptor(): number | 'absent' | undefined {
    const fd = this.#fd ?? this.#open();
    this.#isAnew = fd === undefined || this.mode === 'read';
    if (typeof fd === 'number') this.#fd = fd;
    return fd;
  }

  /** What the kernel lets nobody write, or what is a link below a root, is read all the same. */
  #open(): number | 'absent' | undefined {
    const fd = this.kept.take(this.path, this.mode);
    if (fd !== undefined || this.mode === 'read') return fd;
    const readOnly = this.kept.take(this.path, 'read');
    if (typeof readOnly === 'number') this.mode = 'read';
    return readOnly;
  }

  write(text: string): void {
    if (this.#isAnew) {
      this.anew.write(text);
      return;
    }
    try {
      if (this.#fd === undefined) throw Object.assign(new Error(), { code: 'ENOENT' });
      writeSync(this.#fd, text);
    } catch (error) {
      const code = errnoOf(error);
      // answers for what goes just now, and before 6.12 EIO for what the kernel manages: only the latter can be read
      const isGone = isAbsent(code) || (/^(?:EIO|EINVAL)$/.test(code) && this.read() === undefined);
      throw new FileError(isGone ? 'ENOENT' : code, this.path);
    }
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
