import { isUnreadable } from '../affinity/problems.js';
import { enforceDomain, type PassResult } from '../affinity/reconcile-domain.js';
import type { DeviceReport, InterruptReport } from '../affinity/report.js';
import type { Settings } from '../affinity/settings.js';
import type { Definition } from '../domain/definition.js';
import { FileError } from '../host/pseudo-fs.js';
import type { Topology } from '../host/topology.js';
import { isUuid } from '../runtime/state-store.js';
import type { DeviceState } from './device-state.js';
import { DeviceStates } from './device-states.js';
import { DomainProblems } from './domain-problems.js';
import type { ReconcileResult } from './events.js';
import { type Appeared, type FastPathResult, placeOnFastPath, UNCLEAR } from './fast-path.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import type { ReconcilerHost } from './reconciler-host.js';
import { Schedule, type Scope } from './schedule.js';
import { type ThreadsContext, VcpuCache } from './vcpu-cache.js';

/** What a look needs to know beyond the domain. */
export interface LookContext extends ThreadsContext {
  settings: Settings;
  topology: Topology;
  /** the kernel tells of vectors */
  traced: boolean;
  /** how many IRQ numbers have a folder, as it was before the first device of the run was looked at. Undefined: unknown */
  numbers(): number | undefined;
  /** what the looks of one run add up to */
  run: ReconcileResult;
  /** when the kernel first spoke of an interrupt */
  heardAt(irq: number): number | undefined;
}

/** One running domain: what was last known of it, and how to look whether that is still so. */
export class ManagedDomain {
  readonly pace: Schedule;
  #definition: Definition;
  readonly #devices: DeviceStates;
  readonly #threads: VcpuCache;
  /** whether a device's policy follows the vCPUs */
  #isAuto = true;
  readonly #outcomes: OutcomeRecorder;
  readonly #problems = new DomainProblems();

  constructor(
    private readonly host: ReconcilerHost,
    definition: Definition,
  ) {
    this.#definition = definition;
    this.#devices = new DeviceStates(host.files);
    this.#threads = new VcpuCache(host.files, definition.name, definition.uuid);
    this.#outcomes = new OutcomeRecorder(host);
    this.pace = new Schedule(host.clock.now());
  }

  /** The definition changed. */
  replace(definition: Definition): void {
    const { name, uuid } = this.#definition;
    if (definition.name !== name || definition.uuid !== uuid) this.#threads.rename(definition.name, definition.uuid);
    this.#definition = definition;
  }

  /** Those with a policy that comes to something, by address; before the first close look, none. */
  get devices(): ReadonlyMap<string, DeviceState> {
    return this.#devices.watches;
  }

  /** PCI addresses of all its devices, with a policy or without. */
  get addresses(): string[] {
    return this.#definition.devices.flatMap(({ source }) => source?.address ?? []);
  }

  /** When it wants to be looked at, on the clock. */
  get due(): number {
    let { due } = this.pace;
    for (const device of this.devices.values()) due = Math.min(due, device.due);
    return due;
  }

  /** Places a vector that has just appeared, and those that came with it, before anything else is looked at. */
  placeOnFastPath(address: string, appeared: Appeared, context: LookContext): FastPathResult {
    const device = this.devices.get(address);
    // what it wants may be another set by now
    if (!device || this.pace.closelyAt <= context.now || !this.#isAsBefore(context)) return UNCLEAR;
    const ahead = placeOnFastPath(this.host.files, device, appeared, () => this.host.clock.now());
    context.run.writes += ahead.writes;
    return ahead;
  }

  #isAsBefore(context: LookContext): boolean {
    try {
      return this.#threads.areSame(context, this.#isAuto);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false; // the close look says what is wrong
    }
  }

  /** Looks as closely as is needed. Never throws for what the host is like: that is a problem of the run. */
  look(context: LookContext, scope: Scope | ReadonlySet<string>): void {
    try {
      if (typeof scope === 'object') this.#lookClosely(context, scope);
      else if (scope === 'all') this.#lookClosely(context);
      else this.#glance(context, scope === 'beyond masks');
      this.#problems.readable();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.cannotLook(error, context.run);
      this.pace.closelyAgain(context.now + context.settings.intervals.quiet);
    }
  }

  /** The host cannot be read: said once, until it can be. */
  cannotLook(error: FileError, run: ReconcileResult): void {
    // what they want may be another set by now
    for (const device of this.devices.values()) device.cpus = undefined;
    this.#problems.unreadable(error, this.#definition, run);
  }

  /** A cheap look, and where it sees something, a close one there. */
  #glance(context: LookContext, beyondMasks: boolean): void {
    if (this.#threads.haveChanged(context, this.#isAuto, beyondMasks)) {
      this.#lookClosely(context);
      return;
    }
    // nothing is written as long as no QEMU is found
    if (!this.#threads.known) return;
    const changed = new Set<string>();
    for (const [address, look] of this.#devices.look({ ...context, beyondMasks })) {
      const device = this.devices.get(address) as DeviceState;
      if (look === 'same') device.lookedAt = context.now;
      else if (!context.traced) changed.add(address);
      // where the kernel tells, more is about to be told
      else if (look === 'moved') device.lookSoon(context.now);
      else device.lookInTime(context.now);
    }
    if (changed.size > 0) this.#lookClosely(context, changed);
  }

  /** Plans, writes, reads back: all of it, or some devices. */
  #lookClosely(context: LookContext, only?: ReadonlySet<string>): void {
    const others = this.#threads.refresh(context, !only);
    if (only && others) {
      this.#lookClosely(context);
      return;
    }
    // what came back under its number shows here alone
    for (const [address, device] of this.devices) if (!only || only.has(address)) device.look(context);
    const result = this.#pass(context, only);
    const seen = new Set<string | null>();
    result.report.devices.forEach((report, index) => {
      const device = seen.has(report.address) ? undefined : this.#devices.watchOf(report);
      seen.add(report.address);
      if (device) this.#adopt(device, result.planned.devices[index] as DeviceReport, report, context);
    });
    if (!only) {
      this.#devices.closeAllBut(seen);
      this.#isAuto = result.report.devices.some(({ policy }) => policy === 'auto');
    }
    this.#problems.ofPass(result, this.#definition, context.run, only);
    context.run.writes += result.writes;
  }

  /** What a pass found of a device, and did about it, is what later looks compare with. */
  #adopt(device: DeviceState, planned: DeviceReport, report: DeviceReport, context: LookContext): void {
    if (isUnreadable(report)) {
      context.run.errors.unreadable++;
      device.cannotRead(context.now);
      device.cpus = undefined;
      return;
    }
    const running = this.#threads.known !== undefined;
    context.run.looked += report.interrupts.length;
    this.#outcomes.ofDevice({ device, planned, report, running }, this.#definition, context);
    device.adopt(report);
    device.cpus = running ? (report.cpus ?? undefined) : undefined;
    device.lookedAt = context.now;
  }

  close(): void {
    this.#threads.close();
    this.#devices.closeAllBut(new Set());
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
          recent: { topology, threads: this.#threads.known },
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
}
