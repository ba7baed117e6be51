import type { Scope } from '../affinity/scopes.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { processOfUuid, processUuid } from '../host/process-id.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';
import type { Scan } from '../host/qemu-scanner.js';
import { ReportOnce } from '../lib/report-once.js';
import { TokenBucket } from '../lib/token-bucket.js';
import type { DomainSink } from '../libvirt/domain-tracker.js';
import { FileBudgets } from './file-budgets.js';
import { foundGuest } from './found-guest.js';
import { GuestSearch, MAX_STEPS_MS, PAUSE_MS, type SearchClock } from './guest-search.js';
import { type LiveXml, readLiveXml } from './live-xml.js';

/**
 * A search reads the XML of a guest again after this time: every second search does. Every search does while the guest
 * is younger.
 */
const XML_INTERVAL_MS = 50_000;
/** CPU time for reading the XML of one guest, which may change it all the time. */
const XML_CPU_LIMITS_MS = { capacity: 500, perSecond: 2 };

const NOT_READ: LiveXml = {
  path: '/run/libvirt/qemu',
  name: undefined,
  version: 'EDQUOT',
  definition: { reason: 'not read: reading the files of its owner takes too long' },
};

export interface GuestTrackerOptions extends SearchClock {
  scopes: readonly Scope[] | undefined;
  /** leave out the domains of the host's libvirt, since DomainTracker tracks them */
  withoutLibvirts: boolean;
}

interface Known {
  qemu: QemuProcess;
  definition: PlainDefinition;
  xml: LiveXml | undefined;
  xmlCpu: TokenBucket;
  seenAt: number;
  xmlReadAt: number;
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
  readonly #search: GuestSearch;
  /** by processUuid() */
  readonly #known = new Map<string, Known>();
  /** guests of the last search whose XML is still to be read, by processUuid() */
  #unseen = new Map<string, QemuProcess>();
  #seeAt = 0;
  /** XML that was read before is read again */
  #allXmlSince = Number.NEGATIVE_INFINITY;
  readonly #fileBudgets = new FileBudgets();
  readonly #problems = new ReportOnce<'list' | 'process'>();
  #scopes: readonly Scope[] | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly sink: Pick<DomainSink, 'add' | 'remove' | 'withState' | 'problem'>,
    private readonly options: GuestTrackerOptions,
  ) {
    this.#search = new GuestSearch(files, options);
    this.#scopes = options.scopes;
  }

  /** When look() is to be called next. */
  get due(): number {
    return this.#unseen.size > 0 ? this.#seeAt : this.#search.due;
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
    this.#search.setTraced(isTraced);
  }

  /** A guest may have started or ended. */
  lookNow(): void {
    this.#allXmlSince = this.options.now();
    this.#search.lookNow();
  }

  /** The process of a guest has ended. */
  guestEnded(): void {
    this.#search.lookNow();
  }

  /** Sets the scopes, and applies them to the known guests. */
  setScopes(scopes: readonly Scope[] | undefined): void {
    this.#scopes = scopes;
    for (const known of this.#known.values()) this.#define(known);
    this.lookNow();
  }

  vectorUnplaced(address: string): void {
    this.#search.vectorUnplaced(address);
  }

  requesterUnknown(pid: number | undefined): void {
    this.#search.requesterUnknown(pid, ({ id }) => this.#known.has(processUuid(id)));
  }

  /** Makes the searches that are due, or a part of one. */
  look(): void {
    const began = this.options.now();
    try {
      if (this.#unseen.size === 0) this.#search.run((scan) => this.#take(scan));
      // after the search: what pods make us read must not use up its time
      if (this.#unseen.size > 0) this.#seeAll(began);
      this.#problems.clear('list');
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (this.#problems.isNew('list', error.message)) this.sink.problem(`cannot look for guests: ${error.message}`);
    }
  }

  #take({ qemus, unreadable }: Scan): void {
    if (this.#problems.isNew('process', unreadable?.code))
      this.sink.problem(`not every process can be read, guests may be missing: ${unreadable?.message}`);
    const isOurs = ({ isOfLibvirt }: QemuProcess) => !(isOfLibvirt && this.options.withoutLibvirts);
    const running = new Map(qemus.filter(isOurs).map((qemu) => [processUuid(qemu.id), qemu]));
    this.#removeGone(running);
    this.#unseen = running;
  }

  /** Reads the XML of guests, or of some: the next look() goes on. @param began of this look() */
  #seeAll(began: number): void {
    for (const [uuid, qemu] of this.#unseen) {
      this.#unseen.delete(uuid);
      this.#see(uuid, qemu, this.options.now());
      if (this.options.now() - began > MAX_STEPS_MS) break;
    }
    this.#seeAt = this.options.now() + PAUSE_MS;
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
    const isDue = !before || (this.#isXmlDue(before, qemu, now) && xmlCpu.hasTokens(now));
    if (isDue && !this.#fileBudgets.hasTime(qemu, now)) xml ??= NOT_READ;
    else if (isDue) {
      const began = this.options.cpuMs();
      const found = readLiveXml(this.files, qemu, before?.xml);
      if (found !== 'unchanged') xml = found;
      const usedMs = this.options.cpuMs() - began;
      xmlCpu.take(usedMs, now);
      this.#fileBudgets.charge(qemu, usedMs, now);
      if (before) before.xmlReadAt = now;
    }
    if (before && before.qemu === qemu && before.xml === xml) return;
    if (before) {
      before.qemu = qemu;
      before.xml = xml;
      this.#define(before);
      return;
    }
    const definition = foundGuest(qemu, xml, this.#scopes);
    this.#known.set(uuid, { qemu, xml, xmlCpu, definition, seenAt: now, xmlReadAt: now });
    this.sink.add(definition);
  }

  /** libvirt writes it last when a guest starts or gets a device. */
  #isXmlDue({ qemu, seenAt, xmlReadAt }: Known, present: QemuProcess, now: number): boolean {
    const isYoung = now - seenAt < XML_INTERVAL_MS;
    return isYoung || qemu !== present || now - xmlReadAt >= XML_INTERVAL_MS || xmlReadAt < this.#allXmlSince;
  }

  /** Passes the definition on if it has changed. */
  #define(known: Known): void {
    const definition = foundGuest(known.qemu, known.xml, this.#scopes);
    if (JSON.stringify(definition) === JSON.stringify(known.definition)) return;
    known.definition = definition;
    this.sink.add(definition);
  }
}
