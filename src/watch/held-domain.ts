import { parseAddress } from '../domain/address.js';
import type { Definition } from '../domain/definition.js';
import { enforceDomain, type PassResult } from '../enforce/pass.js';
import type { DeviceReport, InterruptReport } from '../enforce/report.js';
import type { Settings } from '../enforce/settings.js';
import { FileError } from '../host/files.js';
import type { VcpuThreads } from '../host/qemu-threads.js';
import { isUuid } from '../host/state-store.js';
import type { Topology } from '../host/topology.js';
import { VcpuWatch } from '../host/vcpu-watch.js';
import { DeviceWatch } from './device-watch.js';
import type { HoldHost } from './hold-host.js';
import type { HoldRun } from './hold-run.js';
import { Outcomes } from './outcomes.js';
import { type Ahead, type Appeared, placeAhead } from './place-ahead.js';

/**
 * The threads of QEMU are listed so often, in milliseconds: whether the domain still runs. Those of its vCPUs are looked at each time
 * where a policy follows them: a thread's status costs as much as five masks.
 */
const THREADS = 5000;

/** What a look needs to know beyond the domain. */
export interface LookContext {
  now: number;
  settings: Settings;
  topology: Topology;
  /** the kernel tells of vectors */
  traced: boolean;
  /** how many IRQ numbers have a folder: read before everything else that is looked at. Undefined: unknown */
  numbers: number | undefined;
  /** libvirt's pid files: listed once a run, and only where a QEMU has to be found */
  pidFiles(): ReadonlySet<string>;
  /** what the looks of one run add up to */
  run: HoldRun;
  /** when the kernel first spoke of an interrupt */
  heardAt(irq: number): number | undefined;
}

/** One running domain: what was last known of it, and how to look whether that is still so. */
export class HeldDomain {
  /** when it is to be looked at, on the clock */
  next: number;
  busyUntil = Number.NEGATIVE_INFINITY;
  /** when it is looked at closely, whatever a glance says */
  closelyAt: number;
  /** those with a policy that comes to something; before the first close look, none */
  readonly devices = new Map<string, DeviceWatch>();
  #definition: Definition;
  #vcpus: VcpuWatch;
  #threads: VcpuThreads | undefined;
  #threadsAt = Number.NEGATIVE_INFINITY;
  /** whether a device's policy follows the vCPUs */
  #isAuto = true;
  /** when they were last found to be as they were, for what is placed ahead of a close look */
  #aheadAt = Number.NEGATIVE_INFINITY;
  readonly #outcomes: Outcomes;

  constructor(
    private readonly host: HoldHost,
    definition: Definition,
  ) {
    this.#definition = definition;
    this.#vcpus = new VcpuWatch(host.files, definition.name, definition.uuid);
    this.#outcomes = new Outcomes(host);
    this.next = host.clock.now();
    this.closelyAt = this.next;
  }

  /** The definition changed. */
  replace(definition: Definition): void {
    const { name, uuid } = this.#definition;
    if (definition.name !== name || definition.uuid !== uuid) {
      this.#vcpus.close();
      this.#vcpus = new VcpuWatch(this.host.files, definition.name, definition.uuid);
    }
    this.#definition = definition;
  }

  /** PCI addresses of all its devices, with a policy or without. */
  get addresses(): string[] {
    return this.#definition.devices.flatMap(({ source }) => source?.address ?? []);
  }

  /** When it wants to be looked at, on the clock. */
  get due(): number {
    let due = Math.min(this.next, this.closelyAt);
    for (const device of this.devices.values()) due = Math.min(due, device.due);
    return due;
  }

  /** Places a vector that has just appeared before anything else is looked at. */
  placeAhead(address: string, appeared: Appeared, context: LookContext): Ahead {
    const { now, run } = context;
    const device = this.devices.get(address);
    // what it wants may be another set by now
    if (!device || this.closelyAt <= now || !this.#isAsBefore(context)) return 'unclear';
    const done = placeAhead(this.host.files, device, appeared, () => this.host.clock.now());
    if (done === 'written') run.writes++;
    return done;
  }

  /** Its QEMU runs, and its vCPUs may run where they could. */
  #isAsBefore({ now, pidFiles }: LookContext): boolean {
    if (this.#aheadAt === now) return true;
    const isAsBefore = () => this.#vcpus.isUnchanged() || this.#vcpus.read(false, pidFiles) === this.#threads;
    if (!this.#threads || !isAsBefore()) return false;
    this.#aheadAt = now;
    return true;
  }

  /** Looks as closely as is needed. Never throws for what the host is like: that is a problem of the run. */
  look(context: LookContext, scope: 'all' | 'glance' | ReadonlySet<string>): void {
    try {
      if (scope === 'glance') this.#glance(context);
      else this.#lookClosely(context, scope === 'all' ? undefined : scope);
      this.#outcomes.readable();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.cannotLook(error, context.run);
    }
  }

  /** The host cannot be read: said once, until it can be. */
  cannotLook(error: FileError, run: HoldRun): void {
    this.#outcomes.unreadable(error, this.#definition, run);
  }

  /** A cheap look, and where it sees something, a close one there. */
  #glance(context: LookContext): void {
    if (this.#haveThreadsChanged(context)) {
      this.#lookClosely(context);
      return;
    }
    // nothing is written as long as no QEMU is found
    if (!this.#threads) return;
    const changed = new Set<string>();
    for (const [address, device] of this.devices) {
      if (device.isAhead) continue;
      context.run.looked += device.interrupts.size;
      if (device.look(context)) changed.add(address);
      else device.lookedAt = context.now;
    }
    // where the kernel tells, more is about to be told
    if (context.traced) for (const address of changed) this.devices.get(address)?.lookSoon(context.now);
    else if (changed.size > 0) this.#lookClosely(context, changed);
  }

  #haveThreadsChanged({ now, pidFiles }: LookContext): boolean {
    const listed = this.#threads && now - this.#threadsAt < THREADS;
    if (listed && (!this.#isAuto || this.#vcpus.isUnchanged())) return false;
    this.#threadsAt = now;
    return this.#vcpus.read(false, pidFiles) !== this.#threads;
  }

  /** Plans, writes, reads back: all of it, or some devices. */
  #lookClosely(context: LookContext, only?: ReadonlySet<string>): void {
    const threads = this.#vcpus.read(!only, context.pidFiles);
    if (only && threads !== this.#threads) {
      this.#lookClosely(context);
      return;
    }
    this.#threads = threads;
    // what came back under its number shows here alone
    for (const [address, device] of this.devices) if (!only || only.has(address)) device.look(context);
    const result = this.#pass(context, only);
    const running = result.planned.vcpuSource === 'threads';
    const seen = new Set<string | null>();
    result.report.devices.forEach((report, index) => {
      const device = seen.has(report.address) ? undefined : this.#deviceOf(report);
      seen.add(report.address);
      if (!device) return;
      context.run.looked += report.interrupts.length;
      const planned = result.planned.devices[index] as DeviceReport;
      this.#outcomes.ofDevice({ device, planned, report, running }, this.#definition, context);
      device.adopt(report);
      device.cpus = running ? (report.cpus ?? undefined) : undefined;
      device.lookedAt = context.now;
    });
    if (!only) {
      this.#closeAllBut(seen);
      this.#isAuto = result.report.devices.some(({ policy }) => policy === 'auto');
    }
    this.#outcomes.ofDomain(result, this.#definition, context.run, only);
    context.run.writes += result.writes;
  }

  close(): void {
    this.#vcpus.close();
    for (const device of this.devices.values()) device.close();
    this.devices.clear();
  }

  #pass({ now, settings, topology }: LookContext, only?: ReadonlySet<string>): PassResult {
    const { host } = this;
    const pass = () =>
      enforceDomain(
        {
          files: host.files,
          state: host.state,
          settings,
          pause: (milliseconds) => host.pause(milliseconds),
          counts: false,
          onlyRunning: true,
          recent: { topology, threads: this.#threads },
        },
        this.#definition,
        {
          ...(only ? { only } : {}),
          objection: (address, one) => this.#objection(address, one, now, settings),
          ahead: (address, one) => this.devices.get(address)?.watchOf(one).ahead,
        },
      );
    const { uuid } = this.#definition;
    return host.exclusively && isUuid(uuid) ? host.exclusively(uuid, pass) : pass();
  }

  #objection(address: string, interrupt: InterruptReport, now: number, settings: Settings): string | undefined {
    const watch = this.devices.get(address)?.watchOf(interrupt);
    return watch && this.#outcomes.objection(watch, interrupt, now, settings.contest);
  }

  /** Its watch; none, and none is kept, where nothing is to be written to the device. */
  #deviceOf({ address, cpus }: DeviceReport): DeviceWatch | undefined {
    const pci = parseAddress(address ?? '');
    if (!pci) return undefined;
    let device = this.devices.get(pci);
    if (cpus === null) {
      device?.close();
      this.devices.delete(pci);
      return undefined;
    }
    if (!device) {
      device = new DeviceWatch(this.host.files, pci);
      this.devices.set(pci, device);
    }
    return device;
  }

  #closeAllBut(addresses: ReadonlySet<string | null>): void {
    for (const [address, device] of this.devices) {
      if (addresses.has(address)) continue;
      device.close();
      this.devices.delete(address);
    }
  }
}
