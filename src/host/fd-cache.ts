import { closeSync, constants, openSync, readFileSync, readSync, statfsSync, writeSync } from 'node:fs';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { openBelow, openBelowToRead } from './open-below.js';
import { FileError, type WritableFile } from './pseudo-fs.js';

/**
 * Magic numbers of procfs and sysfs (statfs(2)). There, reading a file that was removed fails (EIO, ENODEV, ESRCH); on
 * other file systems it returns the old text.
 */
const PSEUDO_FS_MAGIC = new Set([0x9fa0, 0x62656572]);
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const FLAGS = { read: O_RDONLY | O_NONBLOCK, write: O_RDWR | O_NOFOLLOW | O_NONBLOCK };
/** For one read(2). A longer file is read by its path instead. */
const buffer = Buffer.allocUnsafe(65536);

type Mode = keyof typeof FLAGS;

/** Opens the file by its path for each call. */
interface PathAccess {
  read(): string | undefined;
  write(text: string): void;
}

/** Cache of open descriptors, limited to 7/8 of RLIMIT_NOFILE. */
export class FdCache {
  #available = Math.floor((descriptorLimit() * 7) / 8);
  /** whether the file is on procfs or sysfs; by path, with each number replaced by # */
  readonly #isPseudo = new Map<string, boolean>();

  /** @param root directory that the paths are in; '': the host itself */
  constructor(private readonly root = '') {}

  /** @param byPath used if no descriptor is kept open */
  open(path: string, mode: Mode, byPath: PathAccess): WritableFile {
    return new CachedFile(this, path, mode, byPath);
  }

  /** A descriptor; undefined: none is to be kept open. */
  acquire(path: string, mode: Mode): number | 'absent' | undefined {
    if (this.#available <= 0) return undefined;
    try {
      if (!this.#isOnPseudoFs(path)) return undefined;
      const fd = this.root === '' ? openSync(path, FLAGS[mode]) : openKept(this.root, path, mode);
      this.#available--;
      return fd;
    } catch (error) {
      // any other error is reported by access by path
      return isAbsent(errnoOf(error)) ? 'absent' : undefined;
    }
  }

  #isOnPseudoFs(path: string): boolean {
    // below a root, copies of such files and links to real ones may be mixed
    if (this.root !== '') return PSEUDO_FS_MAGIC.has(statfsSync(path).type);
    const pattern = path.replace(/\d+/g, '#');
    const known = this.#isPseudo.get(pattern);
    if (known !== undefined) return known;
    const isPseudo = PSEUDO_FS_MAGIC.has(statfsSync(path).type);
    this.#isPseudo.set(pattern, isPseudo);
    return isPseudo;
  }

  release(fd: number): void {
    closeSync(fd);
    this.#available++;
  }
}

class CachedFile implements WritableFile {
  #fd: number | undefined;
  /** the last text; the same string is returned while the text is unchanged */
  #text = '';
  /** true: no descriptor, or a read-only one; writes go by path */
  #writesByPath = false;

  constructor(
    private readonly cache: FdCache,
    private readonly path: string,
    private mode: Mode,
    private readonly byPath: PathAccess,
  ) {
    if (mode === 'write') this.#descriptor();
  }

  get isKept(): boolean {
    return this.#fd !== undefined;
  }

  read(): string | undefined {
    const fd = this.#descriptor();
    if (fd === undefined) return this.byPath.read();
    // not by path: another file may have the path by now
    if (fd === 'absent') return undefined;
    let length: number;
    try {
      length = readSync(fd, buffer, 0, buffer.length, 0);
    } catch {
      this.close(); // a file at this path is now another one
      return undefined;
    }
    if (length === buffer.length) {
      this.close();
      return this.byPath.read();
    }
    if (!bufferEquals(this.#text, length)) this.#text = buffer.toString('latin1', 0, length);
    return this.#text;
  }

  /** undefined: none is kept open */
  #descriptor(): number | 'absent' | undefined {
    const fd = this.#fd ?? this.#open();
    this.#writesByPath = fd === undefined || this.mode === 'read';
    if (typeof fd === 'number') this.#fd = fd;
    return fd;
  }

  /** A file that cannot be opened for writing, or a link below a root, is opened for reading. */
  #open(): number | 'absent' | undefined {
    const fd = this.cache.acquire(this.path, this.mode);
    if (fd !== undefined || this.mode === 'read') return fd;
    const readOnly = this.cache.acquire(this.path, 'read');
    if (typeof readOnly === 'number') this.mode = 'read';
    return readOnly;
  }

  write(text: string): void {
    if (this.#writesByPath) {
      this.byPath.write(text);
      return;
    }
    try {
      if (this.#fd === undefined) throw Object.assign(new Error(), { code: 'ENOENT' });
      writeSync(this.#fd, text);
    } catch (error) {
      const code = errnoOf(error);
      // the errors for an interrupt that is being freed; before 6.12 also EIO for a managed interrupt, which can still
      // be read
      const isGone = isAbsent(code) || (/^(?:EIO|EINVAL)$/.test(code) && this.read() === undefined);
      throw new FileError(isGone ? 'ENOENT' : code, this.path);
    }
  }

  close(): void {
    if (this.#fd !== undefined) this.cache.release(this.#fd);
    this.#fd = undefined;
  }
}

/** Compares without making a string, which is faster for a mask. */
function bufferEquals(text: string, length: number): boolean {
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

function openKept(root: string, path: string, mode: Mode): number {
  const below = path.slice(root.length);
  return mode === 'write' ? openBelow(root, below, { flags: O_RDWR }) : openBelowToRead(root, below);
}
