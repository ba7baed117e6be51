import type { PassHost } from '../../../src/affinity/reconcile-domain.js';
import { enforceDomain, planDomain } from '../../../src/affinity/reconcile-domain.js';
import type { Settings } from '../../../src/affinity/settings.js';
import { handlerOf, irqOf } from '../../../src/affinity/vector-key.js';
import { parseCpuList } from '../../../src/domain/cpu-mask.js';
import type { VectorRequests } from '../../../src/host/vector-requests.js';
import { type Dirty, type ReconcileResult, Reconciler } from '../../../src/watch/reconciler.js';
import { SimulatedKernel } from '../../simulator/kernel.js';
import { SimulatedFs } from '../../simulator/kernel-fs.js';
import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';
import { MemoryStates } from '../reconciled-host.js';
import { ALL, CPUS, type Cpus, cpusOfList, cpusOfRanges, isWithin, listOf } from './cpus.js';
import { Excuse, leastPauseMs } from './excuse.js';
import { addressesOf, definitionOf, type Guest, guestsAtFirst } from './guests.js';
import { MovedLines } from './moved-lines.js';
import { problemsOf, type Question, targetsOf, wantedCpus } from './reference.js';
import type { Setup } from './steps.js';
import { interruptsNow, reportOf, type TraceReport } from './trace-reports.js';
import { type Observer, WatchedFiles, WatchedStates } from './watched-files.js';

/** What must never be. */
export class Violation extends Error {}
/** kill -9: the process does nothing more. */
class Killed extends Error {}

/** A device of the host's own, whose vectors take the numbers of lines that are free. */
export const HOSTS_DEVICE = '00ff:00:00.0';
/** How soon an interrupt is placed that was reported to the watcher. */
const REPORTED_BOUND_MS = 1500;
/** How soon an interrupt is placed that was moved when trace events were lost. */
const LOSS_BOUND_MS = 1000 + 2 * REPORTED_BOUND_MS;
/** How often the watcher looks who owns a device that two domains name. */
const CONFLICT_MS = 10_000;
/**
 * How much later than at the next poll it is found at the latest: lists of interrupts and threads are read every five
 * seconds.
 */
const LISTS_MS = 5000 + REPORTED_BOUND_MS;
/** After so long without markers, a stream of trace events is known to be deaf. */
const DEAF_AFTER_MS = 6000;
const RESTART_MS = 2000;

/** A domain as it was last reported to the watcher. */
interface ReportedDomain {
  since: number;
  devices: ReadonlyMap<string, string | undefined>;
}

interface Owned {
  interrupt: SimulatedInterrupt;
  address: string;
  /** 0: it may be anywhere */
  wanted: Cpus;
  /** where it may be if that is out of vectors */
  rest: Cpus;
  /** CPUs of the device's node */
  near: Cpus;
}

/** A write of a part of a set, which the write of the set follows. */
interface FirstWrite {
  irq: number;
  cpus: Cpus;
  before: Cpus;
}

/** When something happened: of two events of one millisecond, the later one has the greater number. */
interface Moment {
  at: number;
  order: number;
}

interface Misplaced {
  since: Moment;
  wanted: Cpus;
  what: string;
  /** a CPU went or came at that moment */
  byCpus: boolean;
}

/** What is known of writes to one vector or line. */
interface Written {
  cpus: Cpus;
  /** it has been elsewhere since, or that cannot be known: it may be written again */
  mayRepeat: boolean;
  /** which process wrote it: another one cannot know that it is the same vector still */
  by: number;
  /** two domains named its device then: the other one may have written it, too */
  isClaimed: boolean;
  /** times of repeated writes */
  repeats: number[];
}

/** The sets of which these CPUs are the part on the device's node. */
function wholeOf({ wanted, rest, near }: Owned, part: Cpus): Cpus[] {
  return [wanted, rest].filter((set) => part !== 0 && part !== set && (set & near) === part);
}

const NEVER: Moment = { at: Number.NEGATIVE_INFINITY, order: 0 };

/** A write that failed. */
interface Failure {
  /** the set that was to be written */
  cpus: Cpus;
  code: string;
  at: number;
  /** when it is tried again at the latest */
  retryBy: number;
  /** which process tried */
  by: number;
  /** it was in that set since, which a process that saw it takes for a success */
  mayRepeat: boolean;
}

/** A host with its guests, its kernel, and a watcher; and a second opinion of where every interrupt belongs. */
export class World {
  now = 0;
  readonly kernel: SimulatedKernel;
  readonly guests = guestsAtFirst();
  readonly running = new Set<Guest>();
  readonly reported = new Map<Guest, ReportedDomain>();
  /** who has a device, whatever a definition says; a guest may claim one that another has */
  readonly #holders = new Map<string, Guest>();
  readonly #state = new MemoryStates();
  readonly #excuses = new WeakMap<SimulatedInterrupt, Excuse>();
  /** by vector: one that comes back under an old number is another object */
  readonly #written = new WeakMap<SimulatedInterrupt, Written>();
  readonly #lines = new MovedLines();
  readonly #misplaced = new Map<SimulatedInterrupt, Misplaced>();
  #cpusChangedAt = Number.NEGATIVE_INFINITY;
  /** when two running domains named a device last */
  readonly #claimedAt = new Map<string, number>();
  /** when an interrupt, or its domain, was last reported to the watcher */
  readonly #named = new WeakMap<SimulatedInterrupt, Moment>();
  /** when domains were reported to the watcher */
  #reports: number[] = [];
  /** when the watcher last learned of lost events, which may have named this one */
  readonly #polled = new WeakMap<SimulatedInterrupt, Moment>();
  /** the order of the latest one */
  #moments = 0;
  /** guests whose vCPUs were moved, and until when nobody may have seen that */
  readonly #unseen = new Map<Guest, number>();
  /** guests whose QEMU ended after they were reported as running, and when: until the end is reported */
  readonly #endedUnreported = new Map<Guest, number>();
  readonly #queue: { at: number; action: () => void }[] = [];
  #hold: Reconciler | undefined;
  /** how many watchers there were */
  #generation = 0;
  /** which process is at work, of all that there were */
  #process = 0;
  /** the watcher's */
  #watcher = 0;
  #processes = 0;
  /** changes until the process at work is killed; undefined: it lives on */
  #fuse: number | undefined;
  #isKilled = false;
  #pid = 1000;
  /** a process of ours is at work */
  #isRunning = false;
  /** an event during a check, after that many accesses of an interrupt or a device's driver */
  #pending: { left: number; event: () => void } | undefined;
  /** something did, in this run */
  #wasDisturbed = false;
  /** where interrupts belonged before that: the watcher may have read no more than that */
  #wantedBefore = new Map<SimulatedInterrupt, Owned[]>();
  /** the masks before that, likewise */
  readonly #masksBefore = new Map<SimulatedInterrupt, Cpus>();
  /** a domain whose state is being removed: its lines get back what they had */
  #releasing: string | undefined;
  /** codes of writes that failed in this run, by IRQ */
  readonly #failures = new Map<number, Set<string>>();
  /** the last failed write of each set to each vector, by each process */
  readonly #lastFailures = new WeakMap<SimulatedInterrupt, Failure[]>();
  /** when something happened last that may change what a domain wants */
  #configuredAt = 0;
  #writes = 0;
  /** it may be the first of two: only the access after it shows that */
  #firstWrite: FirstWrite | undefined;
  /** IRQs whose sets have no room on the device's node, in this run */
  readonly #fullNear = new Set<number>();
  readonly #writtenNow = new Map<Written, SimulatedInterrupt>();
  /** of the runs that were disturbed: the vectors that were written, by IRQ */
  readonly #writtenInDisturbance = new Map<number, SimulatedInterrupt>();
  /** IRQs that were delivered to another CPU by a write of this run */
  readonly #movedByUs: number[] = [];
  /** something has happened since the interrupts were looked at */
  #isChanged = true;
  #traced: boolean;
  /** when polls came closer together, because trace events were given up */
  #untracedAt = Number.NEGATIVE_INFINITY;
  #settings: Settings;
  #allowed = ALL;
  #isDeaf = false;
  /** trace events that are lost from now on */
  #eventsToLose = 0;
  /** movers of before have gone */
  #movers = 0;

  constructor(private readonly setup: Setup) {
    this.#traced = setup.traced;
    this.#settings = setup.settings;
    const addresses = new Set(this.guests.flatMap(({ index }) => addressesOf(index)));
    // every fifth line is shared with a device of the host's
    const devices = [...addresses].map((address, index) => ({
      address,
      driver: 'nvme',
      numaNode: index % 3 === 0 ? -1 : index % 2,
      interrupts: [{ irq: 1000 + index, type: 'intx' as const, ...(index % 5 === 0 ? {} : { handlers: [] }) }],
    }));
    const half = CPUS / 2;
    this.kernel = new SimulatedKernel({
      cpus: { present: `0-${CPUS - 1}`, threadsPerCore: 2 },
      ...(setup.defaultAffinity === undefined ? {} : { defaultAffinity: setup.defaultAffinity }),
      nodes: [
        { node: 0, cpus: `0-${half - 1}` },
        { node: 1, cpus: `${half}-${CPUS - 1}` },
      ],
      devices: [...devices, { address: HOSTS_DEVICE, driver: 'megasas' }],
      interrupts: devices
        .filter((_, index) => index % 5 === 1)
        .map((_, index) => ({ irq: 1001 + 5 * index, handlers: ['ehci'] })),
      processes: [{ pid: 900, command: 'irqbalance' }],
    });
    this.#hold = this.#newHold();
  }

  // ---- guests

  start(guest: Guest): void {
    this.#configuredAt = this.now;
    if (this.running.has(guest) || [...guest.devices.keys()].some((address) => this.#holders.has(address))) return;
    for (const address of guest.devices.keys()) this.#pass(guest, address);
    this.running.add(guest);
    this.#endedUnreported.delete(guest);
    this.kernel.processes.start({ name: guest.name, uuid: guest.uuid, pid: this.#pid, vcpus: vcpusOf(guest) });
    this.#pid += 10;
  }

  stop(guest: Guest): void {
    this.#configuredAt = this.now;
    if (!this.running.delete(guest)) return;
    // if it is reported at this moment, the watcher may never have seen it run
    const since = this.reported.get(guest)?.since ?? this.now;
    if (since < this.now && guest.devices.size > 0) this.#endedUnreported.set(guest, this.now);
    this.kernel.processes.stop(guest.uuid);
    for (const address of guest.devices.keys()) this.#giveBack(guest, address);
  }

  /** The device is plugged. */
  plug(guest: Guest, address: string, policy: string | undefined): void {
    this.#configuredAt = this.now;
    if (!this.running.has(guest) || this.#holders.has(address)) return;
    guest.devices.set(address, policy);
    this.#pass(guest, address);
  }

  unplug(guest: Guest, address: string): void {
    this.#configuredAt = this.now;
    if (!guest.devices.has(address)) return;
    guest.devices.delete(address);
    this.#giveBack(guest, address);
  }

  #pass(guest: Guest, address: string): void {
    this.kernel.bind(address, 'vfio-pci');
    this.#holders.set(address, guest);
  }

  #giveBack(guest: Guest, address: string): void {
    if (this.#holders.get(address) !== guest) return;
    this.#holders.delete(address);
    this.kernel.bind(address, 'nvme');
  }

  /** Devices that are with the guest. */
  passed(guest: Guest): string[] {
    return [...guest.devices.keys()].filter((address) => this.#holders.get(address) === guest);
  }

  isHeld(address: string): boolean {
    return this.#holders.has(address);
  }

  // ---- what is reported to the watcher

  /** libvirt's events reach the watcher: what it says of the guest now. */
  report(guest: Guest): void {
    const hold = this.#hold;
    if (!hold) return;
    this.#isChanged = true;
    this.#configuredAt = this.now;
    if (this.#isRunning) this.later(0, () => this.report(guest));
    else if (this.running.has(guest)) {
      hold.add(definitionOf(guest));
      this.reported.set(guest, { since: this.now, devices: new Map(guest.devices) });
      this.#markNamed(guest);
    } else if (this.reported.delete(guest) || this.#state.has(guest.uuid)) {
      this.#endedUnreported.delete(guest);
      this.#drop(guest);
    }
  }

  /** @param what a domain, or IRQs: nothing else is reported */
  markDirty(what: Dirty): void {
    if (this.#isRunning) {
      this.later(0, () => this.markDirty(what));
      return;
    }
    if (!this.#hold) return;
    this.#hold.markDirty(what);
    for (const guest of this.reported.keys()) if (guest.uuid === what.uuid) this.#markNamed(guest);
    this.#refresh();
    const unseen = this.#unseenInterrupts();
    for (const irq of what.irqs ?? []) {
      const interrupt = this.kernel.interrupts.get(irq);
      if (interrupt && !unseen.has(interrupt)) this.#named.set(interrupt, this.#moment());
    }
  }

  /** Those of guests whose vCPUs were moved, which nobody may have seen yet. */
  #unseenInterrupts(): Set<SimulatedInterrupt> {
    const unseen = new Set<SimulatedInterrupt>();
    for (const [guest, until] of this.#unseen) {
      if (until < this.now) this.#unseen.delete(guest);
      else for (const { interrupt } of this.#owned(guest, this.reported.get(guest)?.devices)) unseen.add(interrupt);
    }
    return unseen;
  }

  /** The vCPUs run elsewhere. Until that is seen, a device that had no set is not known to have one. */
  repin(guest: Guest, pins: [string, string]): void {
    this.#configuredAt = this.now;
    guest.pins = pins;
    if (!this.running.has(guest)) return;
    for (const { vcpu, cpus } of vcpusOf(guest)) this.kernel.processes.pin(guest.uuid, vcpu, cpus);
    this.#unseen.set(guest, this.now + this.#pollBound);
  }

  #markNamed(guest: Guest): void {
    this.#reports.push(this.now);
    this.#unseen.delete(guest);
    // what happened until now is known; what comes later in this millisecond is not
    this.#refresh();
    for (const { interrupt, address } of this.#owned(guest, this.reported.get(guest)?.devices)) {
      if (this.#holders.get(address) === guest) this.#named.set(interrupt, this.#moment());
    }
  }

  #moment(): Moment {
    return { at: this.now, order: ++this.#moments };
  }

  #markAllNamed(): void {
    for (const guest of this.reported.keys()) this.#markNamed(guest);
  }

  /** Trace events do not arrive any more, which is noticed or not. */
  stopTracing(isNoticed: boolean): void {
    if (!this.#traced || this.#isDeaf) return;
    this.#isDeaf = true;
    if (isNoticed) this.later(DEAF_AFTER_MS, () => this.#isDeaf && this.#setTraced(false));
  }

  /** The stream is opened anew. */
  startTracing(): void {
    this.#isDeaf = false;
    this.#setTraced(true);
  }

  #setTraced(traced: boolean): void {
    if (traced === this.#traced) return;
    this.#traced = traced;
    if (!traced) this.#untracedAt = this.now;
    this.#hold?.setTraced(traced);
    if (this.#hold) this.#markAllNamed();
  }

  /** The buffer will overflow: so many events get lost, and the stream says so. */
  lose(count: number): void {
    if (this.#traced && !this.#isDeaf) this.#eventsToLose += count;
  }

  #reportLoss(): void {
    if (!this.#hold) return;
    this.#hold.pollSoon();
    // a poll shows what was moved; a vector that is new may be found with the lists only
    for (const interrupt of this.#misplaced.keys()) {
      if (this.#written.get(interrupt)?.by === this.#process) this.#polled.set(interrupt, this.#moment());
    }
  }

  /** The CPUs that the guest's interrupts belong on are out of vectors. */
  fill(guest: Guest): void {
    for (const { interrupt, wanted } of this.#owned(guest, guest.devices)) {
      if (wanted !== 0) this.kernel.fill(interrupt.irq, parseCpuList(listOf(wanted)) ?? []);
    }
  }

  setOnline(cpu: number, isOnline: boolean): void {
    this.#cpusChangedAt = this.now;
    this.kernel.setOnline(cpu, isOnline);
  }

  setAllowed(list: string | undefined): void {
    this.#configuredAt = this.now;
    this.#isChanged = true;
    const { allowedCpus: _, ...rest } = this.#settings;
    const allowedCpus = list === undefined ? undefined : parseCpuList(list);
    this.#settings = allowedCpus ? { ...rest, allowedCpus } : rest;
    this.#allowed = allowedCpus ? cpusOfRanges(allowedCpus) : ALL;
    this.#hold?.setSettings(this.#settings);
    if (this.#hold) this.#markAllNamed();
  }

  // ---- what happens, and when

  later(milliseconds: number, action: () => void): void {
    this.#queue.push({ at: this.now + milliseconds, action });
    this.#queue.sort((a, b) => a.at - b.at);
  }

  /** Somebody who moves interrupts again and again; dismissMovers() ends that. */
  every(milliseconds: number, times: number, action: (turn: number) => void): void {
    const movers = this.#movers;
    for (let turn = 0; turn < times; turn++) {
      this.later(turn * milliseconds, () => movers === this.#movers && action(turn));
    }
  }

  dismissMovers(): void {
    this.#movers++;
  }

  /** An event during a check. If the check has fewer accesses, runPending() runs it afterwards. */
  during(accesses: number, event: () => void): void {
    this.#pending = { left: accesses, event };
  }

  runPending(): void {
    const { event } = this.#pending ?? {};
    this.#pending = undefined;
    event?.();
  }

  /**
   * Changes interrupts, and trace events report that.
   * @param isMove a program writes an affinity
   */
  apply(action: () => void, isMove = false): void {
    this.#isChanged = true;
    const before = interruptsNow(this.kernel.interrupts.values());
    const { online } = this.kernel;
    action();
    this.#isChanged = true;
    if (this.kernel.online !== online) this.#configuredAt = this.now;
    this.#noteMoves();
    this.#emit(reportOf(this.setup.source, before, this.kernel.interrupts.values(), isMove));
    if (!this.#isRunning) this.#refresh();
  }

  #emit({ irqs: allIrqs, requested: allRequested, isMoved }: TraceReport): void {
    if (!this.#traced || this.#isDeaf) return;
    const irqs = this.#withoutLost(allIrqs);
    const requested = this.#withoutLost(allRequested);
    const areLost = irqs.length < allIrqs.length || requested.length < allRequested.length;
    if (areLost || isMoved) this.later(this.setup.latencyMs, () => this.#reportLoss());
    const at = this.now;
    if (irqs.length > 0) this.later(this.setup.latencyMs, () => this.markDirty({ irqs, seenAt: at }));
    if (requested.length === 0) return;
    const isNamed = this.setup.source === 'requests';
    const threads = requested.map((address) => (isNamed ? this.#threadOf(address) : 0));
    this.later(this.setup.latencyMs, () => this.#reportRequests({ threads, moved: false, at }));
  }

  #emitOwnWrites(irqs: number[]): void {
    const { source } = this.setup;
    const isMoved = source === 'unnamed-requests' && irqs.length > 0;
    this.#emit({ irqs: source === 'vectors' ? irqs : [], requested: [], isMoved });
  }

  #withoutLost<T>(events: readonly T[]): readonly T[] {
    const kept = events.slice(this.#eventsToLose);
    this.#eventsToLose -= events.length - kept.length;
    return kept;
  }

  /** The QEMU that has the device; 0: none, or it has ended. */
  #threadOf(address: string): number {
    const { uuid = '' } = this.#holders.get(address) ?? {};
    return this.kernel.processes.domains.get(uuid)?.pid ?? 0;
  }

  /** Threads have requested interrupts: all that belongs to their guests is looked at. */
  #reportRequests(requests: VectorRequests): void {
    if (this.#isRunning) {
      this.later(0, () => this.#reportRequests(requests));
      return;
    }
    if (!this.#hold) return;
    this.#hold.vectorsRequested(requests);
    const pidOf = ({ uuid }: Guest) => this.kernel.processes.domains.get(uuid)?.pid ?? 0;
    const isEvery = requests.threads.some((thread) => !this.kernel.processes.byPid.has(thread));
    const guests = [...this.reported.keys()].filter((one) => isEvery || requests.threads.includes(pidOf(one)));
    this.#refresh();
    const unseen = this.#unseenInterrupts();
    for (const guest of guests) {
      for (const { interrupt } of this.#owned(guest, this.reported.get(guest)?.devices))
        if (!unseen.has(interrupt)) this.#named.set(interrupt, this.#moment());
    }
  }

  /** What has left the set that was written to it may be written again. */
  #noteMoves(): void {
    for (const one of this.kernel.interrupts.values()) {
      const places = [one.affinity, one.effective].map(cpusOfRanges).filter((cpus) => cpus !== 0);
      for (const failure of this.#lastFailures.get(one) ?? [])
        failure.mayRepeat ||= places.some((cpus) => isWithin(cpus, failure.cpus));
      const written = this.#written.get(one);
      if (!written || written.mayRepeat) continue;
      const affinity = cpusOfRanges(one.affinity);
      // what changes while the watcher reads may not be what it reads; a line that no guest uses is forgotten
      const isGuests = one.handlers.some((handler) => handler.startsWith('vfio-'));
      const isUncertain = (this.#isRunning && affinity !== written.cpus) || !isGuests;
      const hasLeft = !isWithin(affinity, written.cpus);
      if (hasLeft && this.#writtenNow.has(written)) this.#excuseOf(one).movedBack(this.now);
      if (isUncertain || hasLeft) written.mayRepeat = true;
    }
  }

  /** Somebody has moved an interrupt. */
  moved(interrupt: SimulatedInterrupt): void {
    const excuse = this.#excuseOf(interrupt);
    excuse.moved(this.now);
    // a check that finds it elsewhere at its end takes that for a failure
    if (this.#isRunning) excuse.movedBack(this.now);
  }

  /** Time goes by, the watcher does what is due, and everything is checked all along. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    this.#refresh();
    for (let runs = 0; ; runs++) {
      const due = this.#hold?.due ?? Number.POSITIVE_INFINITY;
      const next = Math.min(due, this.#queue[0]?.at ?? Number.POSITIVE_INFINITY);
      if (next > end) break;
      if (next > this.now) runs = 0;
      if (runs > 2000) throw new Violation('the watcher does not come to rest');
      this.now = Math.max(this.now, next);
      this.#judge();
      if ((this.#queue[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) this.#queue.shift()?.action();
      else this.#run();
      this.#refresh();
    }
    this.now = end;
    this.#judge();
  }

  // ---- processes of ours

  #newHold(): Reconciler {
    const generation = ++this.#generation;
    this.#process = ++this.#processes;
    this.#watcher = this.#process;
    const observer = this.#observer(() => generation !== this.#generation);
    const host = {
      files: new WatchedFiles(this.kernel, observer),
      state: new WatchedStates(observer, this.#state),
      clock: { now: () => this.now },
    };
    const hold = new Reconciler(host, this.#settings);
    hold.setTraced(this.#traced);
    return hold;
  }

  #observer(isReplaced: () => boolean): Observer {
    const live = () => {
      if (this.#isKilled || isReplaced()) throw new Killed();
    };
    return {
      accessed: (isWrite) => {
        live();
        this.#accessed(isWrite);
      },
      changing: () => {
        live();
        if (this.#fuse !== undefined && --this.#fuse <= 0) this.#isKilled = true;
        live();
      },
      written: (irq, cpus, before, isMoved) => {
        this.#isChanged = true;
        if (isMoved) this.#movedByUs.push(irq);
        this.#noteWrite({ irq, cpus, before });
      },
      failed: (irq, code, part) => {
        const first = this.#firstWrite;
        this.#firstWrite = undefined;
        const interrupt = this.kernel.interrupts.get(irq);
        const places = this.#placesOf(irq);
        const whole = places.flatMap((place) => wholeOf(place, part));
        // the set is written all the same
        if (whole.length > 0 && (code === 'ENOSPC' || code === 'EINVAL')) {
          this.#fullNear.add(irq);
          return;
        }
        if (first?.irq === irq && places.some((place) => wholeOf(place, first.cpus).includes(part)))
          this.#notePart(first);
        const cpus = whole[0] ?? part;
        this.#failures.set(irq, (this.#failures.get(irq) ?? new Set()).add(code));
        if (!interrupt) return;
        const isRepair = this.#written.get(interrupt)?.cpus === cpus && this.#process === this.#watcher;
        const retryBy = this.#excuseOf(interrupt).failed(code, this.now, isRepair);
        this.#judgeRetry(interrupt, { cpus, code, at: this.now, retryBy, by: this.#process, mayRepeat: false });
      },
    };
  }

  /** No event between the last read of an interrupt and its write: no program could act there either. */
  #accessed(isWrite: boolean): void {
    if (!isWrite) this.#judgeFirstWrite();
    if (!this.#isRunning || !this.#pending || --this.#pending.left > 0 || isWrite) return;
    this.#wasDisturbed = true;
    this.#configuredAt = this.now;
    for (const one of this.#everyOwned()) {
      this.#wantedBefore.set(one.interrupt, [...(this.#wantedBefore.get(one.interrupt) ?? []), one]);
    }
    for (const one of this.kernel.interrupts.values()) this.#masksBefore.set(one, cpusOfRanges(one.affinity));
    this.runPending();
  }

  #run(): void {
    const hold = this.#hold;
    if (!hold) return;
    const run = this.#atWork(() => hold.run());
    if (run) this.#judgeResult(run, hold);
  }

  /** A process of ours does something; undefined: it was killed. */
  #atWork<T>(action: () => T): T | undefined {
    this.#isRunning = true;
    this.#wasDisturbed = false;
    this.#writes = 0;
    this.#failures.clear();
    this.#fullNear.clear();
    let result: T | undefined;
    try {
      result = action();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#isKilled = true;
      for (const guest of this.running) {
        for (const { interrupt, wanted } of this.#owned(guest, guest.devices)) {
          const first = this.#firstWrite;
          const had = first?.irq === interrupt.irq ? first.before : cpusOfRanges(interrupt.affinity);
          this.#lines.mayBeSaved(guest.uuid, interrupt, wanted, had);
        }
      }
      this.#firstWrite = undefined;
    }
    this.#judgeFirstWrite();
    this.#lines.processEnded(this.#isKilled);
    this.#isRunning = false;
    this.#wantedBefore.clear();
    this.#masksBefore.clear();
    // what happens at the same time may be to another vector, or after it: the watcher need not know
    for (const [written, interrupt] of this.#wasDisturbed ? this.#writtenNow : []) {
      written.mayRepeat = true;
      this.#writtenInDisturbance.set(interrupt.irq, interrupt);
    }
    this.#writtenNow.clear();
    this.#emitOwnWrites(this.#movedByUs.splice(0));
    if (!this.#isKilled) return result;
    this.#die();
    return undefined;
  }

  /**
   * The watcher is killed, at once or after that many changes of files; a new one starts from the files in /run.
   */
  kill(changes: number): void {
    if (changes > 0) this.#fuse = changes;
    else this.#die();
  }

  #die(): void {
    this.#fuse = undefined;
    this.#isKilled = false;
    if (!this.#hold) return;
    this.#hold = undefined;
    this.#generation++;
    this.reported.clear();
    this.#endedUnreported.clear();
    this.#isChanged = true;
    this.later(RESTART_MS, () => this.#restart());
  }

  #restart(): void {
    this.#inherit();
    this.#hold = this.#newHold();
    const isRunning = (uuid: string) => [...this.running].some((guest) => guest.uuid === uuid);
    for (const uuid of this.#state.list()) {
      const guest = this.guests.find((one) => one.uuid === uuid);
      if (guest && this.#hold && !isRunning(uuid)) this.#drop(guest);
    }
    for (const guest of this.running) this.report(guest);
  }

  /**
   * What a watcher that was killed had written counts for a vector that was born since with the same name: nothing
   * tells the two apart.
   */
  #inherit(): void {
    for (const uuid of this.#state.list()) {
      for (const [key, list] of Object.entries(this.#state.read(uuid)?.written ?? {})) {
        const interrupt = this.kernel.interrupts.get(irqOf(key));
        if (!interrupt || this.#written.has(interrupt) || !interrupt.handlers.includes(handlerOf(key))) continue;
        const unknown = { mayRepeat: true, by: this.#process, isClaimed: false, repeats: [] };
        this.#written.set(interrupt, { cpus: cpusOfList(list), ...unknown });
      }
    }
  }

  #drop(guest: Guest): void {
    const hold = this.#hold as Reconciler;
    this.#releasing = guest.uuid;
    const released = this.#atWork(() => hold.remove(guest.uuid));
    this.#releasing = undefined;
    // one that was killed before it removed the state is followed by another
    if (!released && this.#state.has(guest.uuid)) return;
    const wrong = this.#lines.release(guest.uuid, this.kernel, this.#failures);
    if (wrong !== undefined) throw new Violation(`${guest.name} has ended: ${wrong}`);
    if (this.#state.has(guest.uuid)) throw new Violation(`${guest.name} has ended, and its state is there`);
  }

  /** Another process of ours makes one pass, as `hostdev-cpuset enforce` does. */
  enforce(guest: Guest): void {
    if (!this.running.has(guest)) return;
    const observer = this.#observer(() => false);
    const host: PassHost = {
      files: new WatchedFiles(this.kernel, observer),
      state: new WatchedStates(observer, this.#state),
      settings: this.#settings,
      pause: () => {},
    };
    const fuse = this.#fuse;
    this.#fuse = undefined;
    this.#process = ++this.#processes;
    this.#atWork(() => enforceDomain(host, definitionOf(guest)));
    this.#process = this.#watcher;
    this.#fuse = fuse;
    this.#refresh();
  }

  // ---- where interrupts belong

  *#everyOwned(): Generator<Owned> {
    for (const guest of this.running) {
      yield* this.#owned(guest, guest.devices);
      yield* this.#owned(guest, this.reported.get(guest)?.devices);
    }
  }

  /** The interrupts of these devices that are the guest's alone, and where they belong. */
  *#owned(guest: Guest, devices: ReadonlyMap<string, string | undefined> = new Map()): Generator<Owned> {
    for (const [address, policy] of devices) {
      const device = this.kernel.devices.get(address);
      if (!device || !this.#holders.has(address)) continue;
      const question = this.question(guest, address, policy);
      const set = wantedCpus(question);
      const targetOf = targetsOf(question);
      const count = device.vectors.length;
      const irqs = device.vectors.length > 0 ? device.vectors : [device.line ?? -1];
      for (const irq of irqs) {
        const interrupt = this.kernel.interrupts.get(irq);
        const [handler, ...others] = interrupt?.handlers ?? [];
        const isAlone = handler?.startsWith('vfio-') && handler.endsWith(`(${address})`) && others.length === 0;
        if (!interrupt || !isAlone) continue;
        const wanted = targetOf({ type: interrupt.type, number: interrupt.input, count });
        yield { interrupt, wanted, rest: set & ~wanted, address, near: question.near };
      }
    }
  }

  question(guest: Guest, address: string, policy: string | undefined): Question {
    const node = this.kernel.devices.get(address)?.numaNode;
    const online = cpusOfRanges(this.kernel.online);
    const near = cpusOfRanges(this.kernel.nodes.find((one) => one.node === node)?.cpus ?? []);
    return { policy, pins: guest.pins, near, online, allowed: this.#allowed };
  }

  /**
   * Two running domains name it, or did until the watcher has looked again at who owns it: its own domain's policy need
   * not hold, and nobody may fight.
   */
  #isClaimed(address: string): boolean {
    let named = 0;
    for (const guest of this.running) {
      if (guest.devices.has(address) || this.reported.get(guest)?.devices.has(address)) named++;
    }
    if (named > 1) this.#claimedAt.set(address, this.now);
    const at = this.#claimedAt.get(address) ?? Number.NEGATIVE_INFINITY;
    return this.now - at <= CONFLICT_MS + this.#pollBound;
  }

  // ---- checks

  /**
   * Which interrupts of devices with a policy do not have its set. Where a watcher has written it, a subset will do:
   * the kernel may shrink a mask.
   */
  #refresh(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    for (const { devices } of this.running) for (const address of devices.keys()) this.#isClaimed(address);
    const seen = new Set<SimulatedInterrupt>();
    for (const [guest, { devices }] of this.reported) {
      if (!this.running.has(guest)) continue;
      for (const { interrupt, wanted, address } of this.#owned(guest, devices)) {
        // an interrupt that may be anywhere is not watched: it may be another one when it has a set again
        const written = this.#written.get(interrupt);
        if (wanted === 0 && written) written.mayRepeat = true;
        if (wanted === 0 || this.#isPlaced(interrupt, wanted)) continue;
        if (this.#holders.get(address) !== guest || this.#isClaimed(address)) continue;
        seen.add(interrupt);
        if (this.#misplaced.get(interrupt)?.wanted === wanted) continue;
        const what = `IRQ ${interrupt.irq} of ${address} of ${guest.name} belongs on ${listOf(wanted)}`;
        const byCpus = this.now === this.#cpusChangedAt;
        this.#misplaced.set(interrupt, { since: this.#moment(), wanted, what, byCpus });
      }
    }
    for (const interrupt of this.#misplaced.keys()) if (!seen.has(interrupt)) this.#misplaced.delete(interrupt);
  }

  #isPlaced(interrupt: SimulatedInterrupt, wanted: Cpus): boolean {
    const affinity = cpusOfRanges(interrupt.affinity);
    const written = this.#written.get(interrupt);
    const mayBeWithin = written?.isClaimed || written?.cpus === wanted;
    return affinity === wanted || (isWithin(affinity, wanted) && mayBeWithin === true);
  }

  /** Until what happened is seen at the latest. */
  get #pollBound(): number {
    const { quiet, traced } = this.setup.settings.intervals;
    return (this.#traced ? traced : quiet) + LISTS_MS;
  }

  /** The same for what happened then: without trace events, the next poll may have been planned with them. */
  #polledBy(at: number): number {
    const isPlannedBefore = !this.#traced && at < this.#untracedAt;
    return isPlannedBefore
      ? Math.min(at + this.#longestBound, this.#untracedAt + this.#pollBound)
      : at + this.#pollBound;
  }

  get #longestBound(): number {
    const { quiet, traced } = this.setup.settings.intervals;
    return Math.max(quiet, traced) + LISTS_MS;
  }

  #judge(): void {
    for (const [interrupt, { since, what, byCpus }] of this.#misplaced) {
      const named = this.#named.get(interrupt) ?? NEVER;
      // an event about the interrupt does not show that a CPU went or came: a poll does
      const isNamed = named.order > since.order && !byCpus;
      const polled = this.#polled.get(interrupt) ?? NEVER;
      const latest = Math.min(
        this.#polledBy(since.at),
        isNamed ? named.at + REPORTED_BOUND_MS : Number.POSITIVE_INFINITY,
        polled.order > since.order ? polled.at + LOSS_BOUND_MS : Number.POSITIVE_INFINITY,
      );
      if (this.now <= latest || this.#isExcused(interrupt)) continue;
      const is = listOf(cpusOfRanges(interrupt.affinity));
      throw new Violation(`${what}, is on ${is} for ${this.now - since.at} ms${isNamed ? ', and was named' : ''}`);
    }
    for (const [guest, since] of this.#endedUnreported) {
      if (this.now > since + this.#longestBound) throw new Violation(`the end of ${guest.name} is not reported`);
    }
  }

  #isExcused(interrupt: SimulatedInterrupt): boolean {
    const { failedUntil = 0, pausedUntil = 0 } = this.#excuses.get(interrupt) ?? {};
    if (failedUntil > this.now - this.#pollBound) return true;
    // when its domain is reported, the watcher starts anew
    const isNamed = this.now - (this.#named.get(interrupt) ?? NEVER).at <= REPORTED_BOUND_MS;
    const isReported = isNamed || !this.#hold || this.#hold.contested.some(({ irq }) => irq === interrupt.irq);
    return pausedUntil > this.now - this.#pollBound && isReported;
  }

  #isStorm(interrupt: SimulatedInterrupt): boolean {
    return this.#excuseOf(interrupt).isStorm(this.now);
  }

  #excuseOf(interrupt: SimulatedInterrupt): Excuse {
    const excuse = this.#excuses.get(interrupt) ?? new Excuse(this.#longestBound, this.setup.settings.contest);
    this.#excuses.set(interrupt, excuse);
    return excuse;
  }

  /**
   * The CPUs of a set that are on the device's node may be written right before the set, so that it is delivered there.
   */
  #noteWrite(write: FirstWrite): void {
    const first = this.#firstWrite;
    this.#firstWrite = undefined;
    const { irq, cpus } = write;
    if (first?.irq === irq && this.#placesOf(irq).some((place) => wholeOf(place, first.cpus).includes(cpus))) {
      this.#judgeWrite({ ...write, before: first.before });
      return;
    }
    if (first) this.#judgeWrite(first);
    if (this.#placesOf(irq).some((place) => wholeOf(place, cpus).length > 0)) this.#firstWrite = write;
    else this.#judgeWrite(write);
  }

  /** Only the part of a set that is on the device's node could be written. */
  #notePart({ irq, cpus, before }: FirstWrite): void {
    this.#writes++;
    const interrupt = this.kernel.interrupts.get(irq) as SimulatedInterrupt;
    const written = this.#written.get(interrupt);
    if (written) written.mayRepeat = true;
    const owned = [...this.#everyOwned()].find((one) => one.interrupt === interrupt);
    if (owned && interrupt.type === 'intx') this.#noteLine(interrupt, owned.address, cpus, before);
  }

  #noteLine(interrupt: SimulatedInterrupt, address: string, cpus: Cpus, before: Cpus): void {
    if (this.#isClaimed(address)) this.#lines.share(interrupt);
    for (const guest of this.running)
      if (guest.devices.has(address)) this.#lines.written(guest.uuid, address, interrupt, cpus, before);
  }

  #judgeFirstWrite(): void {
    const first = this.#firstWrite;
    this.#firstWrite = undefined;
    if (first) this.#judgeWrite(first);
  }

  /** Where the interrupt belongs, and where the process at work may think that it does. */
  #placesOf(irq: number): Owned[] {
    const interrupt = this.kernel.interrupts.get(irq);
    const now = [...this.#everyOwned()].filter((one) => one.interrupt === interrupt);
    return [...((interrupt && this.#wantedBefore.get(interrupt)) ?? []), ...now];
  }

  /**
   * Nothing but an interrupt of a running guest's device with a policy is ever written, and that with its set; and
   * lines get back what they had.
   */
  #judgeWrite({ irq, cpus, before }: FirstWrite): void {
    this.#writes++;
    const interrupt = this.kernel.interrupts.get(irq) as SimulatedInterrupt;
    const isVfio = interrupt.handlers.some((handler) => handler.startsWith('vfio-'));
    if (this.#releasing !== undefined && !isVfio) {
      const masks = [before, this.#masksBefore.get(interrupt) ?? before];
      const objection = this.#lines.objection(this.#releasing, interrupt, cpus, masks);
      if (objection !== undefined) throw new Violation(`IRQ ${irq} was restored: ${objection}`);
      // the next domain that has it writes anew
      const written = this.#written.get(interrupt);
      if (written) written.mayRepeat = true;
      return;
    }
    const places = [...(this.#wantedBefore.get(interrupt) ?? [])];
    let owned: Owned | undefined;
    for (const one of this.#everyOwned()) {
      if (one.interrupt !== interrupt) continue;
      owned = one;
      places.push(one);
    }
    if (!owned) throw new Violation(`IRQ ${irq} was written: ${interrupt.handlers.join(', ') || 'without a handler'}`);
    const isRest = !places.some(({ wanted }) => wanted === cpus) && places.some((place) => this.#isFull(place));
    // the threads of a core may have been read after a CPU of it had gone: each vector then has another's target
    const isOthers = this.#wasDisturbed && this.#cpusChangedAt === this.now;
    const mayBe = ({ wanted, rest }: Owned) =>
      (isRest ? rest : wanted) === cpus || (isOthers && rest !== 0 && isWithin(cpus, wanted | rest));
    if (cpus === 0 || !places.some(mayBe)) {
      const sets = places.map(({ wanted }) => wanted);
      throw new Violation(`IRQ ${irq} was given ${listOf(cpus)}, not ${sets.map(listOf).join(' or ')}`);
    }
    const isRepair = this.#written.get(interrupt)?.cpus === cpus;
    this.#judgeRepeat(interrupt, owned.address, cpus, before);
    this.#judgeDelivery(interrupt, cpus, owned.near);
    if (!isRest) this.#excuseOf(interrupt).written();
    if (isRepair && this.#process === this.#watcher) this.#excuseOf(interrupt).repaired(this.now);
    if (interrupt.type === 'intx') this.#noteLine(interrupt, owned.address, cpus, before);
  }

  /** What is written does not move an interrupt off the device's node, unless it was moved during the check. */
  #judgeDelivery({ irq, effective, deferred }: SimulatedInterrupt, cpus: Cpus, near: Cpus): void {
    const cpu = cpusOfRanges(effective);
    if (
      this.#wasDisturbed ||
      deferred ||
      cpu === 0 ||
      (cpus & near) === 0 ||
      (cpu & near) !== 0 ||
      this.#fullNear.has(irq)
    )
      return;
    throw new Violation(`IRQ ${irq} got ${listOf(cpus)}, and is delivered to ${listOf(cpu)} off the device's node`);
  }

  /** The process at work knows that the CPUs of a vector are out of room, and need not have tried them again yet. */
  #isFull({ interrupt, wanted }: Owned): boolean {
    const failure = this.#ownFailures(interrupt).find(({ cpus }) => cpus === wanted);
    return failure?.code === 'ENOSPC' && this.now <= failure.retryBy;
  }

  /** Failed writes of the process at work. It does not know those of others. */
  #ownFailures(interrupt: SimulatedInterrupt): Failure[] {
    return (this.#lastFailures.get(interrupt) ?? []).filter(({ by }) => by === this.#process);
  }

  /** A write that failed is not tried again before its time, whatever else is to be done for its device. */
  #judgeRetry(interrupt: SimulatedInterrupt, failure: Failure): void {
    const { cpus, code, at } = failure;
    // a line may go to another handler and come back
    if (interrupt.type === 'intx') return;
    const own = this.#ownFailures(interrupt);
    const last = own.find((one) => one.cpus === cpus);
    const kept = (this.#lastFailures.get(interrupt) ?? []).filter((one) => one !== last);
    this.#lastFailures.set(interrupt, [...kept, failure]);
    if (last?.code !== code || last.mayRepeat) return;
    // nowhere else in its set is room
    const isLastResort = own.some((one) => one.cpus !== cpus && one.code === 'ENOSPC' && one.at === at);
    if (isLastResort) return;
    const pause = at - last.at;
    if (pause === 0 || last.at <= this.#configuredAt || pause >= leastPauseMs(code)) return;
    throw new Violation(`IRQ ${interrupt.irq} failed with ${code}, and once more ${pause} ms later`);
  }

  /** A set is not written again to a vector that has it, or has been within it since. */
  #judgeRepeat(interrupt: SimulatedInterrupt, address: string, cpus: Cpus, before: Cpus): void {
    const known = this.#written.get(interrupt);
    const isClaimed = this.#isClaimed(address);
    // a vector that got the number during the check cannot be told from the one that was written, and then moved
    const writtenBefore = this.#writtenInDisturbance.get(interrupt.irq);
    if (writtenBefore && writtenBefore !== interrupt) this.moved(interrupt);
    this.#writtenInDisturbance.delete(interrupt.irq);
    if (before === cpus && !this.#wasDisturbed) throw new Violation(`IRQ ${interrupt.irq} had ${listOf(cpus)} already`);
    const isRepeat = known?.cpus === cpus;
    if (isRepeat && !known.mayRepeat && known.by === this.#process && !isClaimed)
      throw new Violation(`IRQ ${interrupt.irq} was given ${listOf(cpus)} twice, and has been within it in between`);
    if (known && known.cpus !== cpus && isClaimed) this.moved(interrupt);
    const { limit, window } = this.setup.settings.contest;
    const kept = known?.by === this.#process ? known.repeats : [];
    const repeats = kept.filter((at) => this.now - at < window);
    if (isRepeat || isClaimed) repeats.push(this.now);
    // when a domain is reported, the watcher starts to count anew
    this.#reports = this.#reports.filter((at) => this.now - at <= window);
    if (repeats.length > (this.#reports.length + 2) * (limit + 1))
      throw new Violation(`IRQ ${interrupt.irq} was written ${repeats.length} times in ${window} ms`);
    const written = { cpus, mayRepeat: false, by: this.#process, isClaimed, repeats };
    this.#written.set(interrupt, written);
    this.#writtenNow.set(written, interrupt);
  }

  /** What the watcher says of a run is so. */
  #judgeResult({ changed, problems, writes }: ReconcileResult, hold: Reconciler): void {
    if (writes !== this.#writes) throw new Violation(`${writes} writes said, ${this.#writes} done`);
    for (const { irq, address, kind, to, target, reason, error } of changed) {
      const interrupt = this.kernel.interrupts.get(irq);
      // if disturbed, the number may be another vector's by now
      if (kind === 'contested' && interrupt && (!this.#wasDisturbed || this.#isStorm(interrupt))) {
        if (!this.#isStorm(interrupt))
          throw new Violation(`IRQ ${irq} is contested, and ${this.#excuseOf(interrupt).moves.length} moves were made`);
        if (!hold.contested.some((one) => one.irq === irq)) throw new Violation(`IRQ ${irq} is contested, unseen`);
        this.#excuseOf(interrupt).contested(this.now);
      }
      if (kind === 'failed' && error !== undefined && !this.#failures.get(irq)?.has(error))
        throw new Violation(`IRQ ${irq} failed with ${error}, says the watcher`);
      if (kind !== 'placed' && kind !== 'repaired') continue;
      const isTrue = interrupt && to && target && cpusOfRanges(to) === cpusOfRanges(interrupt.affinity);
      const isWanted = isTrue && (reason?.code === 'target-full' || isWithin(cpusOfRanges(to), cpusOfRanges(target)));
      if (!isWanted && !this.#wasDisturbed && !this.#isClaimed(address))
        throw new Violation(`IRQ ${irq} is not ${kind} as the watcher says`);
    }
    for (const { domain, rule } of problems) {
      if (rule !== 'not-running') continue;
      for (const guest of this.#endedUnreported.keys()) if (guest.name === domain) this.#endedUnreported.delete(guest);
    }
    if (this.#wasDisturbed) return;
    for (const { domain, address, rule } of problems) {
      const guest = this.guests.find(({ name }) => name === domain) as Guest;
      const policy = this.reported.get(guest)?.devices.get(address ?? '');
      const isFalse =
        (rule === 'not-running' && this.running.has(guest)) ||
        (['auto-unpinned', 'vcpus-unknown', 'no-usable-cpu', 'cpus-left-out'].includes(rule) &&
          this.running.has(guest) &&
          !problemsOf(this.question(guest, address ?? '', policy)).includes(rule));
      if (isFalse) throw new Violation(`${domain} ${address} has the problem ${rule}, says the watcher`);
    }
  }

  /** Nothing happens for long enough: all is in place, a plan has nothing to do, and nothing more is written. */
  settle(): void {
    this.dismissMovers();
    for (const irq of this.kernel.interrupts.keys()) this.kernel.failAllWrites(irq);
    // a kill that has not come comes now
    if (this.#fuse !== undefined) this.#die();
    this.pass(RESTART_MS + 1);
    // repairs and contests of before do not count any more
    this.pass(this.#pollBound);
    this.pass(Math.max(this.setup.settings.contest.window, this.#longestExcuse()) + this.#pollBound);
    this.#judgeContests();
    this.#contest();
    // a contest ends by itself: only after that is anything reported
    this.pass(this.#pollBound);
    this.pass(this.#longestExcuse() + this.#pollBound);
    this.#judgeContests();
    for (const guest of this.guests) {
      for (const address of guest.devices.keys()) if (this.#isClaimed(address)) this.#giveUpClaim(guest, address);
      this.report(guest);
    }
    this.pass(this.#longestExcuse() + 3 * this.#pollBound);
    this.#judgeQuiet();
    const written = this.kernel.writes.length;
    this.pass(2 * this.#pollBound);
    if (this.kernel.writes.length > written) throw new Violation('something is written to a host at rest');
    this.kernel.writes.length = 0;
  }

  /** Somebody moves one interrupt until its repairs pause, if it is repaired so soon each time. */
  #contest(): void {
    const reported = [...this.reported].filter(([guest]) => this.running.has(guest));
    const owned = reported.flatMap(([guest, { devices }]) => [...this.#owned(guest, devices)]);
    const elsewhere = ({ wanted }: Owned) => cpusOfRanges(this.kernel.online) & ~wanted;
    const own = owned.find((one) => one.wanted !== 0 && elsewhere(one) !== 0 && !this.#isClaimed(one.address));
    if (!own) return;
    const cpu = Math.log2(elsewhere(own) & -elsewhere(own));
    for (let moves = 0; moves <= this.setup.settings.contest.limit; moves++) {
      this.apply(() => this.kernel.move(own.interrupt.irq, [{ first: cpu, last: cpu }]), true);
      this.moved(own.interrupt);
      this.pass(this.setup.settings.intervals.busy);
    }
  }

  #giveUpClaim(guest: Guest, address: string): void {
    if (this.#holders.get(address) !== guest && this.running.has(guest)) guest.devices.delete(address);
  }

  /** How long the last interrupt may stay where it is, and be reported as contested. */
  #longestExcuse(): number {
    let until = this.now;
    for (const interrupt of this.kernel.interrupts.values()) {
      const excuse = this.#excuses.get(interrupt);
      if (!excuse) continue;
      const contestedUntil = excuse.pausedUntil > 0 ? excuse.pausedUntil + 2 * this.setup.settings.contest.window : 0;
      until = Math.max(until, excuse.failedUntil, contestedUntil);
    }
    return until - this.now;
  }

  #judgeQuiet(): void {
    const hold = this.#hold;
    if (!hold) return;
    for (const { what } of this.#misplaced.values()) throw new Violation(`${what}, and is not there on a host at rest`);
    this.#judgeContests();
    const managed = new Set<number>();
    for (const [guest, { devices }] of this.reported) {
      for (const { interrupt, wanted } of this.#owned(guest, devices)) if (wanted !== 0) managed.add(interrupt.irq);
      this.#judgePlan(guest);
    }
    const said = [...hold.managed.irqs].sort((a, b) => a - b).join();
    const real = [...managed].sort((a, b) => a - b).join();
    if (said !== real) throw new Violation(`it says that it manages the IRQs ${said}, and these are ${real}`);
  }

  #judgeContests(): void {
    const one = this.#hold?.contested.find(({ address }) => !this.#isClaimed(address));
    if (one) throw new Violation(`IRQ ${one.irq} is contested on a host at rest`);
  }

  #judgePlan(guest: Guest): void {
    const files = new SimulatedFs(this.kernel);
    const settings = this.#settings;
    const { devices } = planDomain({ files, state: this.#state, settings, counts: false }, definitionOf(guest));
    for (const { address, interrupts, problems } of devices) {
      if (address === null || this.#isClaimed(address)) continue;
      const bad = interrupts.find(({ action }) => action === 'set' || action === 'fail');
      if (bad) throw new Violation(`a plan says ${bad.action} for IRQ ${bad.irq} of ${guest.name} on a host at rest`);
      const owned = [...this.#owned(guest, new Map([[address, guest.devices.get(address)]]))];
      const kept = interrupts.filter(({ action }) => action === 'keep').length;
      const held = owned.filter(({ wanted }) => wanted !== 0).length;
      if (kept !== held) throw new Violation(`a plan keeps ${kept} of ${held} interrupts of ${guest.name} ${address}`);
      const question = this.question(guest, address, guest.devices.get(address));
      const expected = problemsOf(question);
      if (wantedCpus(question) !== 0) expected.push(...this.#whyNotHeld(address));
      const said = problems.map(({ rule }) => rule).filter((rule) => rule !== 'remote-node');
      if (said.join() !== expected.join())
        throw new Violation(`the problems of ${guest.name} ${address} are ${expected.join() || 'none'}, not ${said}`);
    }
  }

  /** Names of the problems of a device whose interrupts cannot be held. */
  #whyNotHeld(address: string): string[] {
    if (!this.kernel.devices.get(address)?.isVfio) return ['not-vfio'];
    const own = `vfio-intx(${address})`;
    const sharesLine = [...this.kernel.interrupts.values()].some(
      ({ handlers }) => handlers.includes(own) && handlers.some((handler) => handler !== own),
    );
    return sharesLine ? ['shared-line'] : [];
  }

  /** What is left behind when all guests are gone: nothing. */
  checkEmpty(): void {
    if (this.#state.list().length > 0) throw new Violation(`state left behind: ${this.#state.list()}`);
    if (this.#hold && this.#hold.due !== Number.POSITIVE_INFINITY)
      throw new Violation('something is due without domains');
  }
}

function vcpusOf({ pins }: Guest): { vcpu: number; cpus: string }[] {
  return pins.map((cpus, vcpu) => ({ vcpu, cpus }));
}
