import { BackOff } from '../lib/back-off.js';
import type { PseudoFs } from './pseudo-fs.js';
import type { VcpuThreads } from './qemu-threads.js';
import { VcpuThreadReader } from './vcpu-threads.js';

/**
 * QEMU's threads are listed at this interval, to see whether the domain still runs. The vCPUs' affinities are read at
 * each check only if a policy follows them: reading a thread's status costs as much as reading five masks.
 */
const LIST_INTERVAL_MS = 5000;
/**
 * A new thread without a name of its own may be a vCPU that was just plugged: its name is read again for this long, at
 * growing intervals.
 */
const NAME_WAIT_MS = 2000;
const NAME_INTERVALS = { firstMs: 10, maxMs: 500 };

/** The time of the check, and pidFilesOnce() for that time. */
export interface ThreadsContext {
  now: number;
  pidFiles(): ReadonlySet<string>;
}

/** A domain's vCPU threads at the last full check; detects whether they have changed since. */
export class VcpuCache {
  #reader: VcpuThreadReader;
  #known: VcpuThreads | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** when areUnchanged() last found no change */
  #unchangedAt = Number.NEGATIVE_INFINITY;
  /** threads without a name of their own, whose names are read again; undefined: there are none */
  #unnamed: { count: number; until: number; checkAt: number; intervals: BackOff } | undefined;
  /** true: no vCPU thread got a name in time, so this QEMU does not name its threads */
  #hasNoNames = false;

  constructor(
    private readonly files: PseudoFs,
    name: string,
    uuid: string | undefined,
  ) {
    this.#reader = new VcpuThreadReader(files, name, uuid);
  }

  /** undefined if no QEMU process of the domain was found */
  get known(): VcpuThreads | undefined {
    return this.#known;
  }

  /** Time of the next haveChanged() for the names of threads; Infinity: no name is missing. */
  get nameCheckAt(): number {
    return this.#unnamed?.checkAt ?? Number.POSITIVE_INFINITY;
  }

  /** The next read searches for QEMU by the new name. */
  rename(name: string, uuid: string | undefined): void {
    this.#reader.close();
    this.#reader = new VcpuThreadReader(this.files, name, uuid);
  }

  /**
   * Reads the threads. True if they have changed.
   * @param thorough as for VcpuThreadReader.read
   */
  refresh(context: ThreadsContext, thorough: boolean): boolean {
    const before = this.#known;
    this.#known = this.#read(context, thorough);
    if (this.#known?.cpus || this.#known?.pid !== before?.pid) this.#hasNoNames = false;
    return this.#known !== before;
  }

  #read({ now, pidFiles }: ThreadsContext, thorough: boolean): VcpuThreads | undefined {
    const threads = this.#reader.read(thorough, pidFiles);
    this.#awaitNames(now);
    return threads;
  }

  /** Waits for the names of threads that have none; the wait starts over when one more appears. */
  #awaitNames(now: number): void {
    const count = this.#hasNoNames ? 0 : this.#reader.unnamedCount;
    if (count > (this.#unnamed?.count ?? 0)) {
      const intervals = new BackOff(NAME_INTERVALS);
      this.#unnamed = { count, until: now + NAME_WAIT_MS, checkAt: now + intervals.next(), intervals };
    } else if (count === 0) this.#unnamed = undefined;
    else if (this.#unnamed) this.#unnamed.count = count;
  }

  #haveNewNames(now: number): boolean {
    const unnamed = this.#unnamed;
    if (!unnamed || now < unnamed.checkAt) return false;
    if (this.#reader.haveNewNames()) return true;
    if (now < unnamed.until) unnamed.checkAt = Math.min(now + unnamed.intervals.next(), unnamed.until);
    else {
      this.#reader.giveUpUnnamed();
      this.#unnamed = undefined;
      this.#hasNoNames = this.#known !== undefined && !this.#known.cpus;
    }
    return false;
  }

  /**
   * True if refresh() would find a change.
   * @param followed a policy follows the vCPUs
   * @param thorough as for VcpuThreadReader.read
   */
  haveChanged(context: ThreadsContext, followed: boolean, thorough: boolean): boolean {
    const { now } = context;
    if (followed && this.#haveNewNames(now)) return true;
    const listed = this.#known && now - this.#listedAt < LIST_INTERVAL_MS;
    if (!thorough && listed && (!followed || this.#isUnchanged())) return false;
    this.#listedAt = now;
    return this.#read(context, thorough) !== this.#known;
  }

  /**
   * True if QEMU runs and, if a policy follows the vCPUs, their affinities are unchanged. Read once per `now`.
   * @throws FileError
   */
  areUnchanged(context: ThreadsContext, followed: boolean): boolean {
    const { now } = context;
    if (this.#unchangedAt === now) return true;
    const isSame = () => this.#isUnchanged() || this.#read(context, false) === this.#known;
    if (!this.#known || !(followed ? isSame() : this.#reader.isRunning())) return false;
    this.#unchangedAt = now;
    return true;
  }

  /** Anything that the reader has read since the last refresh() counts as a change. */
  #isUnchanged(): boolean {
    return this.#reader.latest === this.#known && this.#reader.isUnchanged();
  }

  close(): void {
    this.#reader.close();
  }
}
