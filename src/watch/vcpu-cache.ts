import type { PseudoFs } from '../host/pseudo-fs.js';
import type { VcpuThreads } from '../host/qemu-threads.js';
import { VcpuAffinityCache } from '../host/vcpu-affinity-cache.js';

/**
 * The threads of QEMU are listed so often, in milliseconds: whether the domain still runs. Those of its vCPUs are looked at each time
 * where a policy follows them: a thread's status costs as much as five masks.
 */
const THREADS = 5000;

/** When it is looked, and libvirt's pid files as they are then: listed once, and only where a QEMU has to be found. */
export interface ThreadsContext {
  now: number;
  pidFiles(): ReadonlySet<string>;
}

/** QEMU's vCPUs as a domain's last close look found them, and whether they still are so. */
export class VcpuCache {
  #vcpus: VcpuAffinityCache;
  #known: VcpuThreads | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** when they were last found to be as they were, for what is placed ahead of a close look */
  #sameAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly files: PseudoFs,
    name: string,
    uuid: string | undefined,
  ) {
    this.#vcpus = new VcpuAffinityCache(files, name, uuid);
  }

  /** Undefined where no QEMU of the domain was found. */
  get known(): VcpuThreads | undefined {
    return this.#known;
  }

  /** Under another name there is another process. */
  rename(name: string, uuid: string | undefined): void {
    this.#vcpus.close();
    this.#vcpus = new VcpuAffinityCache(this.files, name, uuid);
  }

  /** Takes them as they are. True where they are others than before. @param thorough as for VcpuWatch.read */
  refresh({ pidFiles }: ThreadsContext, thorough: boolean): boolean {
    const before = this.#known;
    this.#known = this.#vcpus.read(thorough, pidFiles);
    return this.#known !== before;
  }

  /** Whether a close look would find others. @param followed a policy follows them @param thorough as for VcpuWatch.read */
  haveChanged({ now, pidFiles }: ThreadsContext, followed: boolean, thorough: boolean): boolean {
    const listed = this.#known && now - this.#listedAt < THREADS;
    if (!thorough && listed && (!followed || this.#vcpus.isUnchanged())) return false;
    this.#listedAt = now;
    return this.#vcpus.read(thorough, pidFiles) !== this.#known;
  }

  /** QEMU runs, and where a policy follows them, its vCPUs may run where they could; asked once at one time. @throws FileError */
  areSame({ now, pidFiles }: ThreadsContext, followed: boolean): boolean {
    if (this.#sameAt === now) return true;
    const same = () => this.#vcpus.isUnchanged() || this.#vcpus.read(false, pidFiles) === this.#known;
    if (!this.#known || !(followed ? same() : this.#vcpus.isRunning())) return false;
    this.#sameAt = now;
    return true;
  }

  close(): void {
    this.#vcpus.close();
  }
}
