import { Released, releaseDomain } from '../affinity/release.js';
import type { Settings } from '../affinity/settings.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import { OpenDevicesCache } from '../host/open-devices.js';
import { PostedVectors } from '../host/posted-vectors.js';
import type { PostingEvent } from '../host/posting-events.js';
import { processOfThread } from '../host/process-of-thread.js';
import { FileError } from '../host/pseudo-fs.js';
import { pidFilesOnce } from '../host/qemu-threads.js';
import type { Topology } from '../host/topology.js';
import { TopologyCache } from '../host/topology-cache.js';
import type { VectorRequests } from '../host/vector-requests.js';
import {
  addResult,
  type ContestedInterrupt,
  type Counters,
  type DomainCounts,
  emptyCounters,
  type StrayCount,
} from '../runtime/counters.js';
import type { PublishedPosting } from '../runtime/posting-status.js';
import { isUuid } from '../runtime/state-store.js';
import { IrqQueue } from './irq-queue.js';
import { type CheckContext, ManagedDomain } from './managed-domain.js';
import type { ReconcilerHost } from './reconciler-host.js';
import { emptyResult, type ReconcileResult } from './result.js';
import type { ScheduleContext } from './schedule.js';

/**
 * Minimum interval of the polls that trace events lead to: neither a guest that overflows the trace buffer nor a
 * program that moves interrupts may make the watcher poll all the time.
 */
const MIN_EXTRA_POLL_INTERVAL_MS = 1000;

export type { Clock, ReconcilerHost } from './reconciler-host.js';
export type { DomainProblem, Placement, ReconcileResult } from './result.js';

/** What may have changed: one domain, the IRQs that trace events named, or, if neither is given, everything. */
export interface Dirty {
  uuid?: string;
  irqs?: readonly number[];
  /** time of the event on the clock; default: now */
  seenAt?: number;
}

/**
 * Keeps the interrupts of running domains on the CPUs of their policies. It has no timer: call run() when `due` has
 * come.
 */
export class Reconciler {
  readonly #domains = new Map<string, ManagedDomain>();
  /**
   * the domains that name a device, by its address, in the order in which they were added; undefined: must be built
   * again
   */
  #claimants: Map<string, ManagedDomain[]> | undefined;
  readonly #openDevices: OpenDevicesCache;
  readonly #queue: IrqQueue;
  readonly #posted = new PostedVectors();
  readonly #counters = emptyCounters();
  readonly #topologyCache: TopologyCache;
  #topology: Topology | undefined;
  #settings: Settings;
  #traced = false;
  /** time of the last poll that trace events have led to */
  #extraPollAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: ReconcilerHost,
    settings: Settings,
  ) {
    this.#settings = settings;
    this.#queue = new IrqQueue(host.files);
    this.#openDevices = new OpenDevicesCache(host.files);
    this.#topologyCache = new TopologyCache(host.files);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Everything is planned again, and paused repairs continue. */
  setSettings(settings: Settings): void {
    this.#settings = settings;
    for (const domain of this.#domains.values()) domain.clearContests();
    this.markDirty();
  }

  /** Whether trace events report new vectors: then polls are `intervals.traced` apart, otherwise `intervals.quiet`. */
  setTraced(traced: boolean): void {
    this.#traced = traced;
    if (!traced) this.#posted.clear();
    this.markDirty();
  }

  /** Takes trace events about posting. A vector that is no longer posted follows its affinity from now on. */
  takePostings(events: readonly PostingEvent[]): void {
    const now = this.host.clock.now();
    const changed = this.#posted.take(events);
    if (changed.length === 0) return;
    for (const { devices } of this.#domains.values()) {
      for (const device of devices.values()) {
        if (changed.some((irq) => device.interrupts.has(irq))) device.scheduleCheck(now);
      }
    }
  }

  /** The present state of each domain. */
  get domainCounts(): DomainCounts[] {
    const now = this.host.clock.now();
    return [...this.#domains.values()].map((domain) => domain.counts(this.#posted, now));
  }

  /** What is known of the posting of managed interrupts. */
  get postings(): PublishedPosting[] {
    return [...this.#domains.values()].flatMap((domain) => domain.postings(this.#posted));
  }

  /**
   * A domain has started, or its definition has changed: make a full check now, and poll at the busy interval for a
   * while.
   */
  add(definition: PlainDefinition): void {
    const key = keyOf(definition.uuid ?? definition.name);
    const known = this.#domains.get(key);
    if (known) this.#claimsChange(known);
    known?.setDefinition(definition);
    const domain = known ?? new ManagedDomain(this.host, definition);
    this.#domains.set(key, domain);
    this.#claimsChange(domain);
    domain.clearContests();
    domain.schedule.markDirty(this.#scheduleContext);
  }

  /**
   * A domain has ended: restores its legacy lines where that is safe, and removes its state.
   * @throws FileError if its state cannot be removed
   */
  remove(uuid: string): Released {
    const key = keyOf(uuid);
    const domain = this.#domains.get(key);
    if (domain) this.#claimsChange(domain);
    domain?.close();
    this.#domains.delete(key);
    if (!isUuid(key)) return new Released();
    const release = () => releaseDomain(this.host.files, this.host.state, key);
    // without the lock if another process has it: that process does the same
    return this.host.exclusively?.(key, release)?.result ?? release();
  }

  /** A domain names other devices now: other domains that name them may have gained or lost them. */
  #claimsChange(domain: ManagedDomain): void {
    const now = this.host.clock.now();
    const rivals = domain.addresses.flatMap((address) => this.#claimantsOf(address));
    for (const rival of new Set(rivals)) rival.schedule.requestFullCheck(now);
    this.#claimants = undefined;
  }

  #claimantsOf(address: string): readonly ManagedDomain[] {
    if (!this.#claimants) {
      this.#claimants = new Map();
      for (const domain of this.#domains.values()) {
        for (const one of new Set(domain.addresses))
          this.#claimants.set(one, [...(this.#claimants.get(one) ?? []), domain]);
      }
    }
    return this.#claimants.get(address) ?? [];
  }

  /** Something may have changed: the next run checks it. */
  markDirty({ uuid, irqs, seenAt }: Dirty = {}): void {
    const now = this.host.clock.now();
    if (irqs) this.#queue.add(irqs, seenAt ?? now, now);
    if (uuid !== undefined) {
      const domain = this.#domains.get(keyOf(uuid));
      domain?.clearContests();
      domain?.schedule.markDirty(this.#scheduleContext);
    } else if (!irqs) for (const { schedule } of this.#domains.values()) schedule.markDirty(this.#scheduleContext);
  }

  /**
   * Threads have requested vectors of VFIO's devices: all those of their processes are looked at. Those of all domains,
   * if a process cannot be found.
   */
  vectorsRequested({ threads, at }: VectorRequests): void {
    const now = this.host.clock.now();
    for (const thread of threads) {
      const pid = processOfThread(this.host.files, thread);
      const domains = [...this.#domains.values()].filter((domain) => pid === undefined || domain.pid === pid);
      for (const domain of domains) this.#queue.add(domain.takeRequest(), at, now);
      if (domains.every(({ isFound }) => isFound)) this.host.requesterUnknown?.(pid);
    }
  }

  /** Trace events were lost, or do not say what has moved: every domain is polled, at most once a second. */
  pollSoon(): void {
    const now = this.host.clock.now();
    if (this.#extraPollAt <= now) this.#extraPollAt = Math.max(now, this.#extraPollAt + MIN_EXTRA_POLL_INTERVAL_MS);
    // requested again, as a regular poll may have replaced the requested one
    for (const { schedule } of this.#domains.values()) schedule.requestPoll(this.#extraPollAt);
  }

  /** When run() must be called next, on the clock; Infinity if nothing is due. */
  get due(): number {
    // without managed domains, vectors matter only to the search for new guests
    if (this.#domains.size === 0 && !this.host.vectorUnplaced) return Number.POSITIVE_INFINITY;
    let due = this.#queue.due;
    for (const domain of this.#domains.values()) due = Math.min(due, domain.due);
    return due;
  }

  /** Addresses of the managed devices, and their IRQs that VFIO alone handles. */
  get managed(): { addresses: ReadonlySet<string>; irqs: ReadonlySet<number> } {
    const addresses = new Set<string>();
    const irqs = new Set<number>();
    for (const { devices } of this.#domains.values()) {
      for (const [address, { interrupts }] of devices) {
        addresses.add(address);
        for (const [irq, { handler }] of interrupts) if (handler !== undefined) irqs.add(irq);
      }
    }
    return { addresses, irqs };
  }

  /** Interrupts that another program keeps moving: repairs are paused, or may soon pause again. */
  get contested(): ContestedInterrupt[] {
    const now = this.host.clock.now();
    return [...this.#domains.values()].flatMap((domain) => domain.contested(now));
  }

  /** How many interrupts of each managed device were delivered outside the wanted set. */
  get strays(): StrayCount[] {
    return [...this.#domains.values()].flatMap((domain) => domain.strays());
  }

  get counters(): Counters {
    const counters = { ...this.#counters, domains: this.#domains.size, devices: 0, interrupts: 0, remote: 0 };
    counters.contestedNow = 0;
    for (const { devices, interrupts, contested, remote } of this.domainCounts) {
      counters.devices += devices;
      counters.interrupts += interrupts;
      counters.contestedNow += contested;
      counters.remote += remote;
    }
    return counters;
  }

  /** Counts a line of `virsh event` that could not be parsed. */
  countUnknownEvent(): void {
    this.#counters.unknownEvents++;
  }

  /** Makes the checks that are due. Never throws for the state of the host: the result reports such problems. */
  run(): ReconcileResult {
    const result = emptyResult();
    const now = this.host.clock.now();
    if (this.due > now) return result;
    const topology = this.#readTopology(result, now);
    if (topology) this.#checkAll(topology, result, now);
    addResult(this.#counters, result);
    return result;
  }

  #checkAll(topology: Topology, result: ReconcileResult, now: number): void {
    const context = {
      now,
      settings: this.#settings,
      topology,
      traced: this.#traced,
      hostIrqCount: once(() => this.host.files.countFolders('/proc/irq')),
      pidFiles: pidFilesOnce(this.host.files),
      result,
      claimants: (address: string) => this.#claimantsOf(address).map(({ identity }) => identity),
      openDevices: this.#openDevices,
      vectorUnplaced: this.host.vectorUnplaced,
      seenAt: (irq: number) => this.#queue.seenAt(irq),
      posted: this.#posted,
    };
    this.#queue.process(this.#domains, context);
    for (const domain of this.#domains.values()) if (domain.due <= now) this.#check(domain, context);
  }

  get #scheduleContext(): ScheduleContext {
    return { now: this.host.clock.now(), traced: this.#traced };
  }

  #check(domain: ManagedDomain, context: CheckContext): void {
    const { now, result } = context;
    const { schedule, devices } = domain;
    const changedBefore = result.changed.length;
    const scope = schedule.take(now);
    if (scope) domain.check(context, scope);
    // a full check would delay vectors that are about to appear
    if (this.#queue.isWaiting) for (const device of devices.values()) device.delayCheck(now);
    const overdue = [...devices.values()].filter(({ due }) => due <= now);
    if (overdue.length > 0) domain.check(context, new Set<string>(overdue.map(({ address }) => address)));
    // a check that failed may not have reached them
    for (const device of overdue) if (device.due <= now) device.defer(now + this.#settings.intervals.quiet);
    // a guest that loads one driver will load others
    if (result.changed.slice(changedBefore).some(({ kind }) => kind === 'placed')) schedule.stayBusy(context);
    if (schedule.nextPollAt <= now) schedule.advance(context, this.#settings.intervals);
    schedule.requestPoll(domain.nameCheckAt);
  }

  /** CPUs that go offline or come online change the targets of every domain. */
  #readTopology(result: ReconcileResult, now: number): Topology | undefined {
    try {
      const before = this.#topology;
      this.#topology = this.#topologyCache.read();
      if (this.#topology !== before) for (const { schedule } of this.#domains.values()) schedule.requestFullCheck(now);
      return this.#topology;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#deferAll(error, result);
      return undefined;
    }
  }

  #deferAll(error: FileError, result: ReconcileResult): void {
    this.#queue.clear();
    for (const domain of this.#domains.values()) {
      domain.addUnreadable(error, result);
      const { schedule, devices } = domain;
      schedule.defer(this.#scheduleContext, this.#settings.intervals);
      for (const device of devices.values()) device.defer(Math.max(device.retryAt, schedule.nextPollAt));
    }
  }
}

function once<T>(read: () => T): () => T {
  let result: { value: T } | undefined;
  return () => {
    result ??= { value: read() };
    return result.value;
  };
}

/** libvirt accepts several forms of a UUID. */
const keyOf = (uuid: string) => canonicalUuid(uuid) ?? uuid;
