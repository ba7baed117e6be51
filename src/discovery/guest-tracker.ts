import type { Scope } from '../affinity/scopes.js';
import { parseAddress } from '../domain/address.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { OpenDevicesCache } from '../host/open-devices.js';
import { isRunning, processOfUuid, processUuid } from '../host/process-id.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { QemuScanner } from '../host/qemu-scanner.js';
import { ReportOnce } from '../lib/report-once.js';
import { TokenBucket } from '../lib/token-bucket.js';
import type { DomainSink } from '../libvirt/domain-tracker.js';
import { foundGuest } from './found-guest.js';
import { type LiveXml, readLiveXml } from './live-xml.js';

/** Without trace events, the number of the host's interrupts is read at this interval: one system call. */
const COUNT_INTERVAL_MS = 500;
/** Interval at which new processes, new open devices and changed XML are looked for. */
const LOOK_INTERVAL_MS = 20_000;
/** Interval at which all processes and all open files are read. */
const THOROUGH_INTERVAL_MS = 600_000;
/** A list of open devices is used again for this long: a vector that cannot be placed may be named again and again. */
const OPEN_DEVICES_AGE_MS = 50;
/** CPU time of all searches: a guest that requests and frees vectors all the time would otherwise use a core. */
const CPU_LIMITS_MS = { capacity: 2000, perSecond: 10 };
/** CPU time for reading the XML of one guest, which may change it all the time. */
const XML_CPU_LIMITS_MS = { capacity: 500, perSecond: 2 };

export interface GuestTrackerOptions {
  scopes: readonly Scope[] | undefined;
  /** leave out the domains of the host's libvirt, since DomainTracker tracks them */
  withoutLibvirts: boolean;
  /** the time in ms, on the same clock as `due` */
  now(): number;
  /** CPU time that this process has used, in ms */
  cpuMs(): number;
}

interface Known {
  qemu: QemuProcess;
  definition: PlainDefinition;
  xml: LiveXml | undefined;
  xmlCpu: TokenBucket;
}

/**
 * Tracks the guests that run on the host from /proc, as DomainTracker does from libvirt's events. It has no timer: call
 * look() at `due`.
 *
 * A guest must be known when it gets its first vector. So /proc is searched when a trace event names a vector of a
 * device that no known guest has, or, without trace events, when the host's number of interrupts changes; and at
 * intervals in any case. The kernel's process events (netlink) report new processes, but not opened devices, and need
 * CAP_NET_ADMIN.
 */
export class GuestTracker {
  readonly #scanner: QemuScanner;
  /** by processUuid() */
  readonly #known = new Map<string, Known>();
  /** by address: the process that has the device open */
  #holders = new Map<string, QemuProcess>();
  readonly #cpu = new TokenBucket(CPU_LIMITS_MS);
  readonly #openDevices: OpenDevicesCache;
  readonly #problems = new ReportOnce<'list' | 'process'>();
  #scopes: readonly Scope[] | undefined;
  #isTraced = false;
  #interruptCount: number | undefined;
  #countAt = Number.NEGATIVE_INFINITY;
  #lookAt = Number.NEGATIVE_INFINITY;
  #thoroughAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly files: PseudoFs,
    private readonly sink: Pick<DomainSink, 'add' | 'remove' | 'withState' | 'problem'>,
    private readonly options: GuestTrackerOptions,
  ) {
    this.#scanner = new QemuScanner(files);
    this.#openDevices = new OpenDevicesCache(files);
    this.#scopes = options.scopes;
  }

  /** When look() is to be called next. */
  get due(): number {
    const due = Math.min(this.#lookAt, this.#thoroughAt, this.#isTraced ? Number.POSITIVE_INFINITY : this.#countAt);
    const now = this.options.now();
    return this.#cpu.hasTokens(now) ? due : Math.max(due, this.#cpu.availableAt(now));
  }

  /** The number of managed guests. */
  get managedCount(): number {
    return this.#known.size;
  }

  get uuids(): string[] {
    return [...this.#known.keys()];
  }

  /** Whether trace events report new vectors. */
  setTraced(isTraced: boolean): void {
    this.#isTraced = isTraced;
    this.lookNow();
  }

  /** A guest may have started or ended. */
  lookNow(): void {
    this.#lookAt = this.options.now();
  }

  /** Sets the scopes, and applies them to the known guests. */
  setScopes(scopes: readonly Scope[] | undefined): void {
    this.#scopes = scopes;
    for (const known of this.#known.values()) this.#define(known);
    this.lookNow();
  }

  /** A new vector could not be placed: unless a running process is known to have its device, all processes are read. */
  vectorUnplaced(address: string): void {
    const holder = this.#holders.get(address);
    if (holder && this.#runs(holder) && this.#has(holder, address)) return;
    this.#thoroughAt = this.options.now();
  }

  /**
   * A process that libvirt's domains do not explain has requested a vector. If it is a guest tracked here, one of
   * its devices may be new. If no running guest is known to be that process, all processes are read.
   */
  requesterUnknown(pid: number | undefined): void {
    const guest = [...this.#holders.values()].find(({ id }) => id.pid === pid);
    if (!guest || !this.#runs(guest)) this.#thoroughAt = this.options.now();
    else if (this.#known.has(processUuid(guest.id))) this.lookNow();
  }

  /** Whether it has the device open; true if that cannot be read. */
  #has({ id: { pid } }: QemuProcess, address: string): boolean {
    const known = parseAddress(address);
    try {
      return !known || this.#openDevices.isOpen(pid, known, this.options.now(), OPEN_DEVICES_AGE_MS) !== false;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return true;
    }
  }

  #runs({ id }: QemuProcess): boolean {
    try {
      return isRunning(this.files, id);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return true;
    }
  }

  /** Makes the searches that are due. */
  look(): void {
    const now = this.options.now();
    if (this.due > now) return;
    const began = this.options.cpuMs();
    try {
      if (!this.#isTraced && this.#countAt <= now) this.#count(now);
      const isThorough = this.#thoroughAt <= now;
      if (isThorough || this.#lookAt <= now) this.#scan(isThorough, now);
      this.#problems.clear('list');
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (this.#problems.isNew('list', error.message)) this.sink.problem(`cannot look for guests: ${error.message}`);
    } finally {
      this.#cpu.take(this.options.cpuMs() - began, now);
    }
  }

  /** @throws FileError */
  #count(now: number): void {
    this.#countAt = now + COUNT_INTERVAL_MS;
    const { files } = this;
    const count = files.countFolders('/proc/irq') ?? files.list('/proc/irq')?.length;
    if (count !== this.#interruptCount) this.#thoroughAt = now;
    this.#interruptCount = count;
  }

  /** @throws FileError */
  #scan(isThorough: boolean, now: number): void {
    this.#lookAt = now + LOOK_INTERVAL_MS;
    if (isThorough) this.#thoroughAt = now + THOROUGH_INTERVAL_MS;
    const { qemus, unreadable } = this.#scanner.scan(isThorough);
    if (this.#problems.isNew('process', unreadable?.code))
      this.sink.problem(`not every process can be read, guests may be missing: ${unreadable?.message}`);
    this.#holders = new Map(qemus.flatMap((qemu) => qemu.devices.map((address) => [address, qemu] as const)));
    const isOurs = ({ isOfLibvirt }: QemuProcess) => !(isOfLibvirt && this.options.withoutLibvirts);
    const running = new Map(qemus.filter(isOurs).map((qemu) => [processUuid(qemu.id), qemu]));
    this.#removeGone(running);
    for (const [uuid, qemu] of running) this.#see(uuid, qemu, now);
  }

  /** Also removes ended guests whose state an earlier watcher left behind. */
  #removeGone(running: ReadonlyMap<string, QemuProcess>): void {
    const left = this.sink.withState().filter((uuid) => processOfUuid(uuid));
    for (const uuid of new Set([...this.#known.keys(), ...left])) {
      if (running.has(uuid)) continue;
      const name = this.#known.get(uuid)?.definition.name;
      this.#known.delete(uuid);
      this.sink.remove(uuid, name);
    }
  }

  #see(uuid: string, qemu: QemuProcess, now: number): void {
    const before = this.#known.get(uuid);
    const xmlCpu = before?.xmlCpu ?? new TokenBucket(XML_CPU_LIMITS_MS);
    let xml = before?.xml;
    if (!before || xmlCpu.hasTokens(now)) {
      const began = this.options.cpuMs();
      const found = readLiveXml(this.files, qemu, before?.xml);
      if (found !== 'unchanged') xml = found;
      xmlCpu.take(this.options.cpuMs() - began, now);
    }
    if (before && before.qemu === qemu && before.xml === xml) return;
    if (before) {
      before.qemu = qemu;
      before.xml = xml;
      this.#define(before);
      return;
    }
    const definition = foundGuest(qemu, xml, this.#scopes);
    this.#known.set(uuid, { qemu, xml, xmlCpu, definition });
    this.sink.add(definition);
  }

  /** Passes the definition on if it has changed. */
  #define(known: Known): void {
    const definition = foundGuest(known.qemu, known.xml, this.#scopes);
    if (JSON.stringify(definition) === JSON.stringify(known.definition)) return;
    known.definition = definition;
    this.sink.add(definition);
  }
}
