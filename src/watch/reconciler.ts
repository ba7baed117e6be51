import { releaseDomain } from '../affinity/release.js';
import type { Settings } from '../affinity/settings.js';
import type { Definition } from '../domain/definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import { FileError } from '../host/pseudo-fs.js';
import { pidFilesOnce } from '../host/qemu-threads.js';
import type { Topology } from '../host/topology.js';
import { isUuid } from '../runtime/state-store.js';
import { type Counters, count, emptyCounters } from './counters.js';
import { type LookContext, ManagedDomain } from './domain-state.js';
import { emptyResult, type ReconcileResult } from './events.js';
import { NamedInterrupts } from './named-interrupts.js';
import type { ReconcilerHost } from './reconciler-host.js';
import type { Tempo } from './schedule.js';
import { TopologyCache } from './topology-cache.js';

export type { DomainProblem, Placement, ReconcileResult } from './events.js';
export type { Clock, ReconcilerHost } from './reconciler-host.js';

/** What may have happened: of one domain, to interrupts that the kernel named, or, if neither is said, anywhere. */
export interface Stir {
  uuid?: string;
  irqs?: readonly number[];
  /** when the kernel said so, on the clock; now if absent */
  at?: number;
}

/** Keeps the interrupts of running domains where they belong. It is driven: run() when `due` is there. */
export class Reconciler {
  readonly #domains = new Map<string, ManagedDomain>();
  readonly #named: NamedInterrupts;
  readonly #counters = emptyCounters();
  readonly #topologyWatch: TopologyCache;
  #topology: Topology | undefined;
  #settings: Settings;
  #traced = false;

  constructor(
    private readonly host: ReconcilerHost,
    settings: Settings,
  ) {
    this.#settings = settings;
    this.#named = new NamedInterrupts(host.files, this.#domains);
    this.#topologyWatch = new TopologyCache(host.files);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Replaced, everything is planned anew. */
  set settings(settings: Settings) {
    this.#settings = settings;
    this.stir();
  }

  /** Whether the kernel tells of vectors itself: looks are `intervals.traced` apart then, not `quiet`. */
  get traced(): boolean {
    return this.#traced;
  }

  set traced(traced: boolean) {
    this.#traced = traced;
    this.stir();
  }

  /** A domain runs, or its definition changed: it is planned at once, and looked at in busy intervals for a while. */
  put(definition: Definition): void {
    const key = keyOf(definition.uuid ?? definition.name);
    const known = this.#domains.get(key);
    known?.replace(definition);
    const domain = known ?? new ManagedDomain(this.host, definition);
    this.#domains.set(key, domain);
    domain.pace.excite(this.#tempo);
  }

  /** It ended: nothing of it is left behind. @throws FileError where its state cannot be removed */
  drop(uuid: string): void {
    const key = keyOf(uuid);
    this.#domains.get(key)?.close();
    this.#domains.delete(key);
    if (!isUuid(key)) return;
    const release = () => releaseDomain(this.host.files, this.host.state, key);
    if (this.host.exclusively) this.host.exclusively(key, release);
    else release();
  }

  /** Something may have happened: the next run looks. */
  stir({ uuid, irqs, at }: Stir = {}): void {
    const now = this.host.clock.now();
    if (irqs) this.#named.add(irqs, at ?? now, now);
    if (uuid !== undefined) {
      const domain = this.#domains.get(keyOf(uuid));
      if (domain) domain.pace.excite(this.#tempo);
    } else if (!irqs) for (const domain of this.#domains.values()) domain.pace.excite(this.#tempo);
  }

  /** When run() is to be called next, on the clock; Infinity without domains. */
  get due(): number {
    if (this.#domains.size === 0) return Number.POSITIVE_INFINITY;
    let due = this.#named.due;
    for (const domain of this.#domains.values()) due = Math.min(due, domain.due);
    return due;
  }

  /** What is kept where it belongs: addresses of devices, and the interrupts of theirs that are VFIO's for them alone. */
  get held(): { addresses: ReadonlySet<string>; irqs: ReadonlySet<number> } {
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

  get counters(): Counters {
    const counters = { ...this.#counters, domains: this.#domains.size, devices: 0, interrupts: 0 };
    for (const { devices } of this.#domains.values()) {
      counters.devices += devices.size;
      for (const { heldCount } of devices.values()) counters.interrupts += heldCount;
    }
    return counters;
  }

  /** Does what is due. Never throws for what the host is like: that is a problem of the result. */
  run(): ReconcileResult {
    const run = emptyResult();
    const now = this.host.clock.now();
    if (this.due > now) return run;
    const topology = this.#readTopology(run, now);
    if (topology) this.#lookAt(topology, run, now);
    count(this.#counters, run);
    return run;
  }

  #lookAt(topology: Topology, run: ReconcileResult, now: number): void {
    const context = {
      now,
      settings: this.settings,
      topology,
      traced: this.traced,
      numbers: once(() => this.host.files.folders('/proc/irq')),
      pidFiles: pidFilesOnce(this.host.files),
      run,
      heardAt: (irq: number) => this.#named.at(irq),
    };
    this.#named.look(context);
    for (const domain of this.#domains.values()) if (domain.due <= now) this.#look(domain, context);
  }

  get #tempo(): Tempo {
    return { now: this.host.clock.now(), traced: this.#traced };
  }

  #look(domain: ManagedDomain, context: LookContext): void {
    const { now, run } = context;
    const told = run.changed.length;
    const closeness = domain.pace.take(now);
    if (closeness) domain.look(context, closeness);
    // a close look would stand in the way of what is about to appear
    if (this.#named.isWaiting) for (const device of domain.devices.values()) device.lookLater(now);
    const overdue = [...domain.devices.values()].filter(({ due }) => due <= now);
    if (overdue.length > 0) domain.look(context, new Set<string>(overdue.map(({ address }) => address)));
    // the look may not have come so far
    for (const device of overdue) if (device.due <= now) device.postpone(now + this.settings.intervals.quiet);
    // where one driver begins, others do
    if (run.changed.slice(told).some(({ kind }) => kind === 'placed')) domain.pace.stayBusy(context);
    if (domain.pace.next <= now) domain.pace.goOn(context, this.settings.intervals);
  }

  /** CPUs that go or come change what every domain wants. */
  #readTopology(run: ReconcileResult, now: number): Topology | undefined {
    try {
      const before = this.#topology;
      this.#topology = this.#topologyWatch.read();
      if (this.#topology !== before) for (const { pace } of this.#domains.values()) pace.closelyAgain(now);
      return this.#topology;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#cannotLook(error, run);
      return undefined;
    }
  }

  #cannotLook(error: FileError, run: ReconcileResult): void {
    this.#named.clear();
    for (const domain of this.#domains.values()) {
      domain.cannotLook(error, run);
      const { pace, devices } = domain;
      pace.putOff(this.#tempo, this.settings.intervals);
      for (const device of devices.values()) device.postpone(Math.max(device.retryAt, pace.next));
    }
  }
}

/** Asked at the first call alone. */
function once<T>(ask: () => T): () => T {
  let answer: { value: T } | undefined;
  return () => {
    answer ??= { value: ask() };
    return answer.value;
  };
}

/** libvirt takes a UUID in many forms. */
const keyOf = (uuid: string) => canonicalUuid(uuid) ?? uuid;
