import type { PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { QemuScanner, type Scan } from '../host/qemu-scanner.js';
import { TokenBucket } from '../lib/token-bucket.js';
import { DeviceHolders } from './device-holders.js';
import { SoughtHolders } from './sought-holders.js';

/** Without trace events, the number of the host's interrupts is read at this interval: one system call. */
const COUNT_INTERVAL_MS = 500;
/** Interval at which new processes and newly opened devices are looked for. */
const LOOK_INTERVAL_MS = 30_000;
/** Interval at which all processes are looked at. */
const THOROUGH_INTERVAL_MS = 600_000;
/** CPU time of all searches: a guest that requests and frees vectors all the time would otherwise use a core. */
const CPU_LIMITS_MS = { capacity: 2000, perSecond: 40 };
/** A search pauses after this time, so that vectors of known guests are placed meanwhile, */
export const MAX_STEPS_MS = 50;
/** and goes on after this time */
export const PAUSE_MS = 1;

export interface SearchClock {
  /** the time in ms, on the same clock as `due` */
  now(): number;
  /** CPU time that this process has used, in ms */
  cpuMs(): number;
}

/** A search through the processes that has begun. */
interface Search {
  /** what it is for: addresses of devices, processes */
  keys: readonly string[];
  isThorough: boolean;
  steps: Generator<void, Scan>;
  beganCpuMs: number;
  goesOnAt: number;
}

/** Begins the key of a process. */
const PROCESS = 'process ';

/** Searches the processes for guests, and decides when. It has no timer: call run() at `due`. */
export class GuestSearch {
  readonly #scanner: QemuScanner;
  readonly #cpu = new TokenBucket(CPU_LIMITS_MS);
  /** devices and processes whose vectors belong to no known guest */
  readonly #sought = new SoughtHolders();
  readonly #holders: DeviceHolders;
  #search: Search | undefined;
  #isTraced = false;
  #interruptCount: number | undefined;
  #countAt = Number.NEGATIVE_INFINITY;
  #lookAt = Number.NEGATIVE_INFINITY;
  #thoroughAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly files: PseudoFs,
    private readonly clock: SearchClock,
  ) {
    this.#scanner = new QemuScanner(files);
    this.#holders = new DeviceHolders(files);
  }

  /** When run() is to be called next. */
  get due(): number {
    if (this.#search) return this.#search.goesOnAt;
    const countAt = this.#isTraced ? Number.POSITIVE_INFINITY : this.#countAt;
    const due = Math.min(this.#lookAt, this.#thoroughAt, this.#sought.due, countAt);
    const now = this.clock.now();
    return this.#cpu.hasTokens(now) ? due : Math.max(due, this.#cpu.availableAt(now));
  }

  /** Whether trace events report new vectors. */
  setTraced(isTraced: boolean): void {
    this.#isTraced = isTraced;
    this.lookNow();
  }

  /** A guest may have started or ended. */
  lookNow(): void {
    this.#lookAt = this.clock.now();
  }

  /** A new vector could not be placed: unless a running process is known to have its device, it is searched for. */
  vectorUnplaced(address: string): void {
    this.#sought.add(address, this.clock.now());
  }

  /**
   * A process that libvirt's domains do not explain has requested a vector. If it is a tracked guest, one of its
   * devices may be new. If no running process with a device is known to be it, it is searched for.
   */
  requesterUnknown(pid: number | undefined, isTracked: (qemu: QemuProcess) => boolean): void {
    const holder = this.#holders.byPid(pid);
    if (!holder) this.#sought.add(`${PROCESS}${pid}`, this.clock.now());
    else if (isTracked(holder)) this.lookNow();
  }

  /** Whether it is known who has a device, or who a process is. */
  #isHeld(key: string): boolean {
    if (!key.startsWith(PROCESS)) return this.#holders.isHeld(key, this.clock.now());
    return this.#holders.byPid(Number(key.slice(PROCESS.length))) !== undefined;
  }

  /**
   * Makes the searches that are due, or a part of one.
   * @param take gets what each has found
   * @throws FileError if /proc cannot be listed
   */
  run(take: (scan: Scan) => void): void {
    const now = this.clock.now();
    if (this.due > now) return;
    const began = this.clock.cpuMs();
    try {
      if (!this.#search) this.#begin(now);
      if (this.#search) this.#goOn(this.#search, now, take);
    } catch (error) {
      this.#search = undefined;
      throw error;
    } finally {
      this.#cpu.take(this.clock.cpuMs() - began, now);
    }
  }

  #begin(now: number): void {
    if (!this.#isTraced && this.#countAt <= now) this.#count(now);
    const isThorough = this.#thoroughAt <= now;
    const unheld = this.#sought.take(now).filter((key) => !this.#checkHeld(key, now));
    if (isThorough || unheld.length > 0 || this.#lookAt <= now) this.#search = this.#searchFor(unheld, isThorough, now);
  }

  /** The time of the check is charged: the owner of a device can cause any number of checks. */
  #checkHeld(key: string, now: number): boolean {
    const began = this.clock.cpuMs();
    const isHeld = this.#isHeld(key);
    if (isHeld) this.#sought.charge(key, this.clock.cpuMs() - began, now);
    return isHeld;
  }

  /** @throws FileError */
  #count(now: number): void {
    this.#countAt = now + COUNT_INTERVAL_MS;
    const { files } = this;
    const count = files.countFolders('/proc/irq') ?? files.list('/proc/irq')?.length;
    if (count !== this.#interruptCount) this.#thoroughAt = now;
    this.#interruptCount = count;
  }

  #searchFor(keys: readonly string[], isThorough: boolean, now: number): Search {
    this.#lookAt = now + LOOK_INTERVAL_MS;
    if (isThorough) this.#thoroughAt = now + THOROUGH_INTERVAL_MS;
    const steps = this.#scanner.steps(isThorough);
    return { keys, isThorough, steps, beganCpuMs: this.clock.cpuMs(), goesOnAt: now };
  }

  #goOn(search: Search, began: number, take: (scan: Scan) => void): void {
    for (;;) {
      const { done, value } = search.steps.next();
      const now = this.clock.now();
      if (done) this.#end(search, value, now, take);
      else if (now - began <= MAX_STEPS_MS) continue;
      else search.goesOnAt = now + PAUSE_MS;
      return;
    }
  }

  #end({ keys, isThorough, beganCpuMs }: Search, scan: Scan, now: number, take: (scan: Scan) => void): void {
    this.#search = undefined;
    this.#holders.set(scan.qemus);
    take(scan);
    const missing = keys.filter((key) => !this.#isHeld(key));
    // only new processes were searched so far, since it probably is one
    if (missing.length > 0 && !isThorough) this.#search = this.#searchFor(missing, true, now);
    else for (const key of missing) this.#sought.charge(key, this.clock.cpuMs() - beganCpuMs, now);
  }
}
