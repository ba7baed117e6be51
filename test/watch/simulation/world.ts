import { DEFAULT_SETTINGS, type Settings } from '../../../src/affinity/settings.js';
import { parseCpuList } from '../../../src/domain/cpu-mask.js';
import { type Cpuset, cpusetOf, cpusOf, equal, formatCpuset, has, isSubset } from '../../../src/domain/cpuset.js';
import { type Dirty, type ReconcileResult, Reconciler } from '../../../src/watch/reconciler.js';
import { SimulatedKernel } from '../../simulator/kernel.js';
import type { SimulatedInterrupt } from '../../simulator/vector-allocator.js';
import { MemoryStates } from '../reconciled-host.js';
import { Excuse } from './excuse.js';
import { addressesOf, definitionOf, type Guest, guestsAtFirst } from './guests.js';
import { CPUS } from './steps.js';
import { WatchedFiles } from './watched-files.js';

/** What must never be. */
export class Violation extends Error {}
/** kill -9 in the middle of a run. */
class Killed extends Error {}

/** Longer than anybody would set them, so that a day does not take one. */
export const SETTINGS: Settings = {
  ...DEFAULT_SETTINGS,
  intervals: { busy: 10_000, quiet: 60_000, traced: 120_000 },
  contest: { limit: 3, window: 300_000 },
};
/** A device of the host's own, whose vectors take the numbers of lines that are free. */
export const HOSTS_DEVICE = '00ff:00:00.0';

/** A host with its guests, its kernel, and a watcher; and a second opinion of where every interrupt belongs. */
export class World {
  now = 0;
  readonly kernel: SimulatedKernel;
  readonly guests = guestsAtFirst();
  readonly running = new Set<Guest>();
  /** those that the watcher was told of, and since when */
  readonly held = new Map<Guest, number>();
  readonly #state = new MemoryStates();
  readonly #excuses = new WeakMap<SimulatedInterrupt, Excuse>();
  /** the set that the watcher wrote last, by vector: one that comes back under an old number is another object */
  readonly #lastWritten = new WeakMap<SimulatedInterrupt, Cpuset>();
  /** since when, and what is to be said of it */
  readonly #misplaced = new Map<SimulatedInterrupt, { from: number; what: string }>();
  readonly #queue: { at: number; action: () => void }[] = [];
  #hold: Reconciler | undefined;
  /** writes until the watcher is killed; undefined: it lives on */
  #fuse: number | undefined;
  #pid = 1000;
  #isRunning = false;
  /** what happens under the watcher's eyes, at its so many-th access of an interrupt or a device's driver */
  #amid: { left: number; happening: () => void } | undefined;
  /** what each interrupt's set was when it last did: the watcher may have read no more than that */
  #wantedBefore = new Map<SimulatedInterrupt, Cpuset>();
  /** a line gets back what it had: the one write to what is not, or no longer, a guest's */
  #releasing: string | undefined;
  /** lines that were written for a domain, by its UUID: the inputs that they are wired to, whatever their numbers */
  readonly #movedLines = new Map<string, Set<number>>();

  constructor(readonly traced: boolean) {
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
      cpus: { present: `0-${CPUS - 1}` },
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

  /** Until what happened is seen at the latest. */
  get #interval(): number {
    return this.traced ? SETTINGS.intervals.traced : SETTINGS.intervals.quiet;
  }

  start(guest: Guest): void {
    const taken = [...guest.devices.keys()].some((address) => this.ownerOf(address));
    if (this.running.has(guest) || taken) return;
    for (const address of guest.devices.keys()) this.kernel.bind(address, 'vfio-pci');
    this.running.add(guest);
    this.kernel.processes.start({ name: guest.name, uuid: guest.uuid, pid: this.#pid, vcpus: vcpusOf(guest) });
    this.#pid += 10;
  }

  stop(guest: Guest): void {
    if (!this.running.delete(guest)) return;
    this.kernel.processes.stop(guest.uuid);
    for (const address of guest.devices.keys()) this.kernel.bind(address, 'nvme');
  }

  ownerOf(address: string): Guest | undefined {
    for (const guest of this.running) if (guest.devices.has(address)) return guest;
    return undefined;
  }

  /** libvirt's events reach the watcher: what it says of the guest now. */
  tell(guest: Guest): void {
    if (!this.#hold) return;
    if (this.#isRunning) {
      this.later(0, () => this.tell(guest));
      return;
    }
    if (this.running.has(guest)) {
      this.#hold.add(definitionOf(guest));
      this.held.set(guest, this.held.get(guest) ?? this.now);
    } else if (this.held.delete(guest)) this.#drop(guest.uuid);
  }

  markDirty(what: Dirty): void {
    if (this.#isRunning) this.later(0, () => this.#hold?.markDirty(what));
    else this.#hold?.markDirty(what);
  }

  /** It happens while the watcher looks; when it is not looked for so long, amidNothing() lets it happen. */
  amid(accesses: number, happening: () => void): void {
    this.#amid = { left: accesses, happening };
  }

  amidNothing(): void {
    const { happening } = this.#amid ?? {};
    this.#amid = undefined;
    happening?.();
  }

  /** Between the last look at an interrupt and the write nobody can do anything: it does not happen there. */
  #accessed(isWrite: boolean): void {
    if (!this.#isRunning || !this.#amid || --this.#amid.left > 0 || isWrite) return;
    this.#wantedBefore = new Map(
      [...this.running].flatMap((guest) =>
        [...this.#placeable(guest)].map(({ interrupt, wanted }) => [interrupt, wanted] as const),
      ),
    );
    this.amidNothing();
  }

  #drop(uuid: string): void {
    this.#releasing = uuid;
    this.#hold?.remove(uuid);
    this.#releasing = undefined;
    this.#movedLines.delete(uuid);
  }

  later(milliseconds: number, action: () => void): void {
    this.#queue.push({ at: this.now + milliseconds, action });
    this.#queue.sort((a, b) => a.at - b.at);
  }

  /** The watcher dies, now or in the middle of its work; a new one comes and is told of all that runs. */
  kill(afterWrites: number): void {
    if (afterWrites > 0) this.#fuse = afterWrites;
    else this.#die();
  }

  moved(interrupt: SimulatedInterrupt): void {
    this.#excuseOf(interrupt).moved(this.now);
  }

  /** Something happens to interrupts: a kernel that traces says so. */
  happen(action: () => void): void {
    const before = this.traced
      ? new Map([...this.kernel.interrupts].map(([irq, one]) => [irq, [one, one.effective]]))
      : undefined;
    action();
    if (!before) return;
    const irqs = [...this.kernel.interrupts.values()].filter((one) => {
      const [known, effective] = before.get(one.irq) ?? [];
      return known !== one || effective !== one.effective;
    });
    if (irqs.length > 0) this.markDirty({ irqs: irqs.map(({ irq }) => irq) });
  }

  /** Time goes by, the watcher does what is due, and everything is checked all along. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    this.check();
    for (let runs = 0; ; runs++) {
      const next = Math.min(
        this.#hold?.due ?? Number.POSITIVE_INFINITY,
        this.#queue[0]?.at ?? Number.POSITIVE_INFINITY,
      );
      if (next > end) break;
      if (next > this.now) runs = 0;
      if (runs > 50) throw new Violation('the watcher does not come to rest');
      this.now = Math.max(this.now, next);
      if ((this.#queue[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) this.#queue.shift()?.action();
      else if (!this.#run()) continue;
      this.check();
    }
    this.now = end;
    this.check();
  }

  /**
   * Every interrupt of a device with a policy has its set, or has not been without it for longer than an interval. Where the watcher has
   * written that set to this vector, a subset will do: the kernel may shrink a mask.
   */
  check(): void {
    const interval = this.#interval;
    const seen = new Set<SimulatedInterrupt>();
    for (const [guest, since] of this.held) {
      if (!this.running.has(guest)) continue;
      for (const { interrupt, wanted, address } of this.#placeable(guest)) {
        if (this.#isPlaced(interrupt, wanted)) continue;
        seen.add(interrupt);
        const { from } = this.#misplaced.get(interrupt) ?? { from: this.now };
        const where = `${formatCpuset(interrupt.affinity)}, not placed on ${formatCpuset(wanted)}`;
        const what = `IRQ ${interrupt.irq} of ${address} of ${guest.name} is on ${where}`;
        this.#misplaced.set(interrupt, { from: Math.max(since, from), what });
      }
    }
    for (const [interrupt, { from, what }] of this.#misplaced) {
      const gone = this.kernel.interrupts.get(interrupt.irq) !== interrupt;
      if (!gone && this.now - from > interval && !this.#isExcused(interrupt)) {
        throw new Violation(`${what}, for ${this.now - from} ms`);
      }
      if (!seen.has(interrupt)) this.#misplaced.delete(interrupt);
    }
  }

  #isPlaced(interrupt: SimulatedInterrupt, wanted: Cpuset): boolean {
    const { affinity } = interrupt;
    if (equal(affinity, wanted)) return true;
    return isSubset(affinity, wanted) && equal(this.#lastWritten.get(interrupt), wanted);
  }

  /** What is left behind when all guests are gone: nothing. */
  checkEmpty(): void {
    if (this.#state.list().length > 0) throw new Violation(`state left behind: ${this.#state.list()}`);
    if (this.#hold && this.#hold.due !== Number.POSITIVE_INFINITY)
      throw new Violation('something is due without domains');
  }

  /** Whether it wrote anything. */
  #run(): boolean {
    const writes = this.kernel.writes;
    writes.length = 0;
    this.#isRunning = true;
    try {
      const run = this.#hold?.run();
      if (run) this.#note(run);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#die();
    } finally {
      this.#isRunning = false;
      this.#wantedBefore.clear();
    }
    // the kernel does not tell us of our own writes
    return writes.length > 0;
  }

  #note({ changed, writes }: ReconcileResult): void {
    if (writes !== this.kernel.writes.length)
      throw new Violation(`${writes} writes said, ${this.kernel.writes.length} done`);
    for (const { irq, kind } of changed) {
      const interrupt = this.kernel.interrupts.get(irq);
      if (kind === 'contested' && interrupt) this.#contested(interrupt);
    }
  }

  #contested(interrupt: SimulatedInterrupt): void {
    const excuse = this.#excuseOf(interrupt);
    const { limit, window } = SETTINGS.contest;
    // the last move may have been seen an interval after it was made
    const recent = excuse.moves.filter((at) => this.now - at <= window + 2 * SETTINGS.intervals.traced);
    if (recent.length <= limit) throw new Violation(`IRQ ${interrupt.irq} is contested after ${recent.length} moves`);
    excuse.contested(this.now);
  }

  #isExcused(interrupt: SimulatedInterrupt): boolean {
    const { failedUntil = 0, pausedUntil = 0 } = this.#excuses.get(interrupt) ?? {};
    if (failedUntil > this.now - this.#interval) return true;
    const isReported = !this.#hold || this.#hold.contested.some(({ irq }) => irq === interrupt.irq);
    return pausedUntil > this.now - this.#interval && isReported;
  }

  #excuseOf(interrupt: SimulatedInterrupt): Excuse {
    const excuse = this.#excuses.get(interrupt) ?? new Excuse(this.#interval, SETTINGS.contest);
    this.#excuses.set(interrupt, excuse);
    return excuse;
  }

  /** The policy's set, worked out CPU by CPU; undefined where nothing is to be written. */
  wantedBy(guest: Guest, policy: string | undefined): Cpuset | undefined {
    if (policy === undefined || policy === 'native') return undefined;
    const asked = (policy === 'auto' ? guest.pins : [policy]).flatMap((list) => [...cpusOf(parseCpuList(list) ?? [])]);
    const online = this.kernel.online;
    if (policy === 'auto' && [...cpusOf(online)].every((cpu) => asked.includes(cpu))) return undefined;
    const left = asked.filter((cpu) => has(online, cpu));
    return left.length > 0 ? cpusetOf(new Set(left)) : undefined;
  }

  *#placeable(guest: Guest): Generator<{ interrupt: SimulatedInterrupt; wanted: Cpuset; address: string }> {
    for (const { wanted, ...own } of this.#owned(guest)) if (wanted) yield { ...own, wanted };
  }

  /** The interrupts that are the guest's alone, and where they belong; undefined where they may be anywhere. */
  *#owned(guest: Guest): Generator<{ interrupt: SimulatedInterrupt; wanted: Cpuset | undefined; address: string }> {
    for (const [address, policy] of guest.devices) {
      const device = this.kernel.devices.get(address);
      const wanted = this.wantedBy(guest, policy);
      if (!device) continue;
      const irqs = device.vectors.length > 0 ? device.vectors : [device.line ?? -1];
      for (const irq of irqs) {
        const interrupt = this.kernel.interrupts.get(irq);
        const [handler, ...others] = interrupt?.handlers ?? [];
        if (interrupt && handler?.endsWith(`(${address})`) && others.length === 0) yield { interrupt, wanted, address };
      }
    }
  }

  #newHold(): Reconciler {
    const files = new WatchedFiles(
      this.kernel,
      (irq) => this.#checkWrite(irq),
      (irq, code) => this.#failedWrite(irq, code),
      (isWrite) => this.#accessed(isWrite),
    );
    const hold = new Reconciler({ files, state: this.#state, clock: { now: () => this.now } }, SETTINGS);
    hold.setTraced(this.traced);
    return hold;
  }

  #die(): void {
    this.#fuse = undefined;
    this.#hold = undefined;
    this.held.clear();
    this.#misplaced.clear();
    this.later(2000, () => {
      if (this.#hold) return;
      this.#hold = this.#newHold();
      for (const uuid of this.#state.list()) {
        if (![...this.running].some((guest) => guest.uuid === uuid)) this.#drop(uuid);
      }
      for (const guest of this.running) this.tell(guest);
    });
  }

  #lineMoved(uuid: string, input: number): void {
    const inputs = this.#movedLines.get(uuid) ?? new Set();
    this.#movedLines.set(uuid, inputs.add(input));
  }

  /** It may stay where it is for a while: it cannot be written. */
  #failedWrite(irq: number, code: string): void {
    const interrupt = this.kernel.interrupts.get(irq);
    if (interrupt) this.#excuseOf(interrupt).failed(code, this.now);
  }

  /** Nothing but an interrupt of a running guest's device with a policy is ever written, and never outside of its set. */
  #checkWrite(irq: number): void {
    const interrupt = this.kernel.interrupts.get(irq);
    if (interrupt) this.#lastWritten.set(interrupt, interrupt.affinity);
    const isVfio = interrupt?.handlers.some((handler) => handler.startsWith('vfio-'));
    if (this.#releasing !== undefined && interrupt?.type === 'intx' && !isVfio) {
      if (this.#movedLines.get(this.#releasing)?.has(interrupt.input)) return;
    }
    for (const guest of this.running) {
      for (const own of this.#owned(guest)) {
        if (own.interrupt !== interrupt) continue;
        const sets = [own.wanted, this.#wantedBefore.get(interrupt)].filter((set) => set !== undefined);
        if (!sets.some((set) => isSubset(interrupt.affinity, set)))
          throw new Violation(`IRQ ${irq} was written outside of its set`);
        this.#excuseOf(interrupt).written();
        if (interrupt.type === 'intx') this.#lineMoved(guest.uuid, interrupt.input);
        if (this.#fuse !== undefined && --this.#fuse <= 0) throw new Killed();
        return;
      }
    }
    throw new Violation(`IRQ ${irq} was written: ${interrupt?.handlers.join(', ') || 'without a handler'}`);
  }
}

export function vcpusOf({ pins }: Guest): { vcpu: number; cpus: string }[] {
  return pins.map((cpus, vcpu) => ({ vcpu, cpus }));
}
