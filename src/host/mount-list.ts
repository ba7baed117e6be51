import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf, isAbsent, systemError } from '../lib/errno.js';

/**
 * A user may have stacked 100,000 mounts, and the kernel takes a millisecond to print each of them. So the list is read
 * in small parts, which costs little for normal lists, and only as far as it is needed.
 */
const MAX_READ_MS = 100;
/** At least this many bytes are read, however busy this host is. */
const MIN_LENGTH = 16_384;

const buffer = Buffer.allocUnsafe(2048);

/** A mountinfo, which is read as far as it was needed. What it says may be outdated while mounts change. */
export class MountList {
  readonly #types = new Map<string, string>();
  /** the beginning of a line that is not whole */
  #rest = '';
  #isRead = false;

  private constructor(
    private readonly path: string,
    private readonly fd: number,
    private readonly now: () => number,
  ) {}

  /** Undefined if it must not be read, or if the process has ended. @throws the system's error */
  static open(path: string, now = () => performance.now()): MountList | undefined {
    try {
      return new MountList(path, openSync(path, 'r'), now);
    } catch (error) {
      const code = errnoOf(error);
      if (isAbsent(code) || code === 'EACCES' || code === 'EPERM') return undefined;
      throw error;
    }
  }

  /**
   * The type of a file system, by the identifier of its mount. Once nothing of it is open any more, another mount may
   * have the identifier.
   * @throws the system's error; ETIME if the list is too long
   */
  typeOf(mount: string): string | undefined {
    const began = this.now();
    for (let length = 0; !this.#types.has(mount) && !this.#isRead; ) {
      if (length > MIN_LENGTH && this.now() - began > MAX_READ_MS) throw systemError('ETIME', this.path);
      length += this.#readPart();
    }
    return this.#types.get(mount);
  }

  close(): void {
    closeSync(this.fd);
  }

  #readPart(): number {
    const length = readSync(this.fd, buffer, 0, buffer.length, null);
    this.#isRead = length === 0;
    const lines = (this.#rest + buffer.toString('latin1', 0, length)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, mount, type] = LINE.exec(line) ?? [];
      if (mount !== undefined && type !== undefined) this.#types.set(mount, type);
    }
    return length;
  }
}

/**
 * The fields are: identifier, parent, device, root, mount point, options, optional fields, `-`, type (proc(5)). None
 * contains a space.
 */
const LINE = /^(\d+) .*? - (\S+) /;
