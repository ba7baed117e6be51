import type { PseudoFs } from './pseudo-fs.js';
import type { VcpuThreads } from './qemu-threads.js';
import { VcpuThreadReader } from './vcpu-threads.js';

/**
 * QEMU's threads are listed at this interval, which shows if the domain still runs. The vCPUs' affinities are read at
 * every check only if a policy follows them: reading a thread's status costs as much as reading five masks.
 */
const LIST_INTERVAL_MS = 5000;

/** The time of the check, and pidFilesOnce() of that time. */
export interface ThreadsContext {
  now: number;
  pidFiles(): ReadonlySet<string>;
}

/** A domain's vCPU threads as of the last full check; detects if they have changed since. */
export class VcpuCache {
  #reader: VcpuThreadReader;
  #known: VcpuThreads | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** when areUnchanged() last found no change */
  #unchangedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly files: PseudoFs,
    name: string,
    uuid: string | undefined,
  ) {
    this.#reader = new VcpuThreadReader(files, name, uuid);
  }

  /** undefined if no QEMU of the domain was found */
  get known(): VcpuThreads | undefined {
    return this.#known;
  }

  /** The next read searches for QEMU under the new name. */
  rename(name: string, uuid: string | undefined): void {
    this.#reader.close();
    this.#reader = new VcpuThreadReader(this.files, name, uuid);
  }

  /** Reads them. True if they have changed. @param thorough as for VcpuThreadReader.read */
  refresh({ pidFiles }: ThreadsContext, thorough: boolean): boolean {
    const before = this.#known;
    this.#known = this.#reader.read(thorough, pidFiles);
    return this.#known !== before;
  }

  /**
   * True if refresh() would find a change.
   * @param followed a policy follows the vCPUs
   * @param thorough as for VcpuThreadReader.read
   */
  haveChanged({ now, pidFiles }: ThreadsContext, followed: boolean, thorough: boolean): boolean {
    const listed = this.#known && now - this.#listedAt < LIST_INTERVAL_MS;
    if (!thorough && listed && (!followed || this.#reader.isUnchanged())) return false;
    this.#listedAt = now;
    return this.#reader.read(thorough, pidFiles) !== this.#known;
  }

  /**
   * True if QEMU runs and, if a policy follows the vCPUs, these still have the same affinity. Read once per `now`.
   * @throws FileError
   */
  areUnchanged({ now, pidFiles }: ThreadsContext, followed: boolean): boolean {
    if (this.#unchangedAt === now) return true;
    const isSame = () => this.#reader.isUnchanged() || this.#reader.read(false, pidFiles) === this.#known;
    if (!this.#known || !(followed ? isSame() : this.#reader.isRunning())) return false;
    this.#unchangedAt = now;
    return true;
  }

  close(): void {
    this.#reader.close();
  }
}
