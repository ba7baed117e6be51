import type { DevicePlan } from '../affinity/domain-plan.js';
import type { PassResult } from '../affinity/reconcile-domain.js';
import type { PciAddress } from '../domain/address.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { Claimant } from '../host/device-owners.js';
import type { PostedVectors } from '../host/posted-vectors.js';
import { FileError } from '../host/pseudo-fs.js';
import { VcpuCache } from '../host/vcpu-cache.js';
import { TokenBucket } from '../lib/token-bucket.js';
import type { ContestedInterrupt, DomainCounts, StrayCount } from '../runtime/counters.js';
import type { PublishedPosting } from '../runtime/posting-status.js';
import type { DeviceState } from './device-state.js';
import { DeviceStates } from './device-states.js';
import { DomainPass, type PassContext } from './domain-pass.js';
import { type FastPathResult, type NewVector, placeOnFastPath, UNCLEAR } from './fast-path.js';
import { OutcomeRecorder } from './outcome-recorder.js';
import type { ReconcilerHost } from './reconciler-host.js';
import { ReportedProblems } from './reported-problems.js';
import type { ReconcileResult } from './result.js';
import { type CheckScope, Schedule } from './schedule.js';

/**
 * CPU time that the watcher spends on the domain: ten seconds at once, then 1 % of a core. A guest that turns MSI-X off
 * and on all the time would otherwise use a whole core. A guest that loads its driver ten times in a row on a slow host
 * must not reach the limit.
 */
const CPU_LIMITS_MS = { capacity: 10_000, perSecond: 10 };

/**
 * Requests for interrupts that are followed, as for the trace events of one IRQ: each reads all masks of its devices.
 */
const REQUEST_LIMITS = { capacity: 200, perSecond: 1 };

/**
 * Check interval while another domain names a device of this one: libvirt sends no event when that domain releases it.
 */
const CONFLICT_CHECK_MS = 10_000;

/** What a check must know besides the domain. */
export interface CheckContext extends PassContext {
  /** true: trace events report new vectors */
  traced: boolean;
  /** the host's number of IRQs before the first device of this run was checked; undefined: unknown */
  hostIrqCount(): number | undefined;
  /** of the whole run */
  result: ReconcileResult;
  /** as ReconcilerHost has it */
  vectorUnplaced?: ((address: string) => void) | undefined;
  /** when a trace event first named an IRQ */
  seenAt(irq: number): number | undefined;
}

/** One running domain: its last known state, and the checks whether that has changed. */
export class ManagedDomain {
  readonly schedule: Schedule;
  #definition: PlainDefinition;
  readonly #devices: DeviceStates;
  readonly #vcpus: VcpuCache;
  /** true: the policy of a device follows the vCPUs */
  #isAuto = true;
  readonly #outcomes: OutcomeRecorder;
  readonly #problems = new ReportedProblems();
  readonly #pass: DomainPass;
  readonly #cpu = new TokenBucket(CPU_LIMITS_MS);
  readonly #requests = new TokenBucket(REQUEST_LIMITS);

  constructor(
    private readonly host: ReconcilerHost,
    definition: PlainDefinition,
  ) {
    this.#definition = definition;
    this.#devices = new DeviceStates(host.files);
    this.#vcpus = new VcpuCache(host.files, definition.name, definition.uuid);
    this.#outcomes = new OutcomeRecorder(host);
    this.#pass = new DomainPass(host, { devices: this.#devices, vcpus: this.#vcpus, outcomes: this.#outcomes });
    this.schedule = new Schedule(host.clock.now());
  }

  setDefinition(definition: PlainDefinition): void {
    // its UUID is the same: domains are kept by UUID
    if (definition.name !== this.#definition.name) this.#vcpus.rename(definition.name, definition.uuid);
    this.#definition = definition;
  }

  /** Addresses of all its devices, with a policy or without. */
  get addresses(): PciAddress[] {
    return this.#definition.devices.flatMap(({ address }) => address ?? []);
  }

  get identity(): Claimant {
    const { name, uuid } = this.#definition;
    return { name, uuid };
  }

  /** Its process at the last check; undefined: none was found. */
  get pid(): number | undefined {
    return this.#vcpus.known?.pid;
  }

  /** Whether it was found as a process, so that nobody reports new devices. */
  get isFound(): boolean {
    return this.#definition.found !== undefined;
  }

  /** Its process has requested an interrupt: the numbers that this may be. */
  takeRequest(): number[] {
    const now = this.host.clock.now();
    const devices = [...this.devices.values()];
    if (this.isOverBudget(now) || !this.#requests.hasTokens(now)) {
      for (const device of devices) device.scheduleLateCheck(now);
      return [];
    }
    this.#requests.take(1, now);
    return this.#counted(() => devices.flatMap((device) => device.takeRequest(now)));
  }

  /** Devices whose policy gives them CPUs, by address; empty before the first full check. */
  get devices(): ReadonlyMap<string, DeviceState> {
    return this.#devices.byAddress;
  }

  /** When a check is due, on the watcher's clock. */
  get due(): number {
    let { due } = this.schedule;
    for (const device of this.devices.values()) due = Math.min(due, device.due);
    const now = this.host.clock.now();
    return this.isOverBudget(now) ? Math.max(due, this.#cpu.availableAt(now)) : due;
  }

  /** When a QEMU thread may have got a name that a policy depends on; Infinity: no name is missing. */
  get nameCheckAt(): number {
    return this.#isAuto ? this.#vcpus.nameCheckAt : Number.POSITIVE_INFINITY;
  }

  /** Whether it has used up its CPU time: no check is made until `due`. */
  isOverBudget(now: number): boolean {
    return !this.#cpu.hasTokens(now);
  }

  /** Counts the CPU time of an action for this domain. */
  #counted<T>(action: () => T): T {
    const { host } = this;
    const beganMs = host.cpuMs?.() ?? 0;
    try {
      return action();
    } finally {
      if (host.cpuMs) this.#cpu.take(host.cpuMs() - beganMs, host.clock.now());
    }
  }

  /** Places a vector that has just appeared, and those that appeared with it, before the next check. */
  placeOnFastPath(address: string, vector: NewVector, context: CheckContext): FastPathResult {
    const device = this.devices.get(address);
    // a full check is due: the device's set may have changed
    if (!device || this.schedule.nextFullCheckAt <= context.now || !this.#areVcpusUnchanged(context)) return UNCLEAR;
    if (!this.#counted(() => this.#mayHave(device.address, context))) return UNCLEAR;
    const isPosted = (irq: number) => context.posted.isPosted(irq);
    const now = () => this.host.clock.now();
    const placed = this.#counted(() => placeOnFastPath(this.host.files, device, vector, { now, isPosted }));
    context.result.writes += placed.writes;
    return placed;
  }

  /** A guest that was found by its open devices may have closed this one since. */
  #mayHave(address: PciAddress, { openDevices, now }: CheckContext): boolean {
    const { found } = this.#definition;
    const isOpen = found && openDevices.isOpen(found.pid, address, now, 0);
    // where it cannot be read, the full check reports the cause
    return isOpen === undefined || isOpen === true;
  }

  #areVcpusUnchanged(context: CheckContext): boolean {
    try {
      const areUnchanged = this.#vcpus.areUnchanged(context, this.#isAuto);
      this.schedule.requestPoll(this.nameCheckAt);
      return areUnchanged;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false; // the full check reports what is wrong
    }
  }

  /**
   * Never throws for the state of the host: the result reports such problems.
   * @param scope a set: a full check of these devices
   */
  check(context: CheckContext, scope: CheckScope | ReadonlySet<string>): void {
    this.#counted(() => this.#check(context, scope));
  }

  #check(context: CheckContext, scope: CheckScope | ReadonlySet<string>): void {
    try {
      if (typeof scope === 'object') this.#fullCheck(context, scope);
      else if (scope === 'full') this.#fullCheck(context);
      else this.#poll(context, scope === 'delivery');
      this.#problems.markReadable();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.addUnreadable(error, context.result);
      this.schedule.requestFullCheck(context.now + context.settings.intervals.quiet);
    }
  }

  /** Interrupts that another program keeps moving: repairs are paused, or may soon pause again. */
  contested(now: number): ContestedInterrupt[] {
    return this.#devices.contested(now).map((one) => ({ domain: this.#definition.name, ...one }));
  }

  /** Its present state, as far as it is known. */
  counts(posted: PostedVectors, now: number): DomainCounts {
    const known = this.#devices.counts(posted, now);
    const allDevices = known.devices || this.addresses.length;
    return {
      domain: this.#definition.name,
      ...known,
      ...(this.#problems.isReadable ? {} : { unreadableDevices: allDevices }),
    };
  }

  /** What is known of the posting of its interrupts. */
  postings(posted: PostedVectors): PublishedPosting[] {
    return this.#devices.postings(posted).map((one) => ({ domain: this.#definition.name, ...one }));
  }

  /** How many interrupts of its devices were delivered outside the wanted set. */
  strays(): StrayCount[] {
    return this.#devices.strays().map((one) => ({ domain: this.#definition.name, ...one }));
  }

  /** Lets paused repairs continue at once: the program that moved the interrupts may have ended. */
  clearContests(): void {
    for (const { interrupts } of this.devices.values()) for (const { repairs } of interrupts.values()) repairs.clear();
  }

  /** A file of the host cannot be read: reported once until it can be read. */
  addUnreadable(error: FileError, result: ReconcileResult): void {
    // the targets may have changed meanwhile
    for (const device of this.devices.values()) device.targets = undefined;
    this.#problems.addUnreadable(error, this.#definition, result);
  }

  /** A cheap check. Devices that have changed get a full check. */
  #poll(context: CheckContext, delivery: boolean): void {
    if (this.#outcomes.hasMoverEnded()) {
      this.clearContests();
      this.#fullCheck(context);
      return;
    }
    if (this.#vcpus.haveChanged(context, this.#isAuto, delivery)) {
      this.#fullCheck(context);
      return;
    }
    // without a QEMU process nothing is written
    if (!this.#vcpus.known) return;
    for (const device of this.#devices.noLongerPosted(context.posted)) device.scheduleCheck(context.now);
    const changed = new Set<string>();
    const same = new Set<string>();
    for (const [address, check] of this.#devices.check({ ...context, delivery })) {
      const device = this.devices.get(address) as DeviceState;
      if (check === 'same') {
        device.checkedAt = context.now;
        same.add(address);
      } else if (!context.traced) changed.add(address);
      // more events are about to come
      else if (check === 'moved') device.scheduleCheck(context.now);
      else device.scheduleLateCheck(context.now);
    }
    // others are counted by their full check
    if (delivery) this.#devices.countStrays(same, true);
    if (changed.size > 0) this.#fullCheck(context, changed);
  }

  /** Plans, writes and reads back all devices, or some. */
  #fullCheck(context: CheckContext, only?: ReadonlySet<string>): void {
    const vcpusChanged = this.#vcpus.refresh(context, !only);
    if (only && vcpusChanged) {
      this.#fullCheck(context);
      return;
    }
    // only this shows a vector that was freed and came back under its number
    for (const [address, device] of this.devices) if (!only || only.has(address)) device.check(context);
    this.#addEnded(context.result);
    // before the plan is made: counts that rise show that a vector is no longer posted
    this.#devices.noLongerPosted(context.posted, only);
    const run = this.#pass.run(this.#definition, context, only);
    if ('retryAt' in run) {
      this.schedule.requestFullCheck(run.retryAt);
      return;
    }
    const pass = run.result;
    const seen = new Set<string | null>();
    pass.applied.devices.forEach((applied, index) => {
      const device = seen.has(applied.address) ? undefined : this.#devices.stateOf(applied);
      seen.add(applied.address);
      if (device) this.#record(device, pass, index, context);
    });
    const isContested = pass.applied.devices.some(({ problems }) =>
      problems.some(({ rule }) => rule === 'device-conflict'),
    );
    if (isContested) this.schedule.requestFullCheck(context.now + CONFLICT_CHECK_MS);
    if (!only) {
      this.#devices.keepOnly(seen);
      this.#isAuto = pass.applied.devices.some(({ policy }) => policy === 'auto');
    }
    this.#devices.countStrays(seen, !only);
    const { now, result } = context;
    this.schedule.requestFullCheck(this.#problems.addNew(pass, this.#definition, { now, result, only }));
    result.writes += pass.writes;
  }

  /** Makes the result of this pass the reference of the device's later checks. */
  #record(device: DeviceState, pass: PassResult, index: number, context: CheckContext): void {
    const planned = pass.planned.devices[index] as DevicePlan;
    const applied = pass.applied.devices[index] as DevicePlan;
    if (applied.isUnreadable) {
      context.result.errors.unreadable++;
      device.markUnreadable(context.now);
      device.targets = undefined;
      return;
    }
    const isRunning = this.#vcpus.known !== undefined;
    context.result.checked += applied.interrupts.length;
    this.#outcomes.recordDevice({ device, planned, applied, isRunning }, this.#definition, context);
    device.record(applied, pass.stateError === undefined);
    const { cpus, spread, preferred } = applied;
    device.targets = isRunning && cpus ? { cpus, spread, preferred } : undefined;
    device.checkedAt = context.now;
  }

  #addEnded({ ended }: ReconcileResult): void {
    const { uuid = null } = this.#definition;
    for (const [address, device] of this.devices) {
      ended.push(...device.takeEnded().map((irq) => ({ uuid, address, irq })));
    }
  }

  close(): void {
    this.#vcpus.close();
    this.#devices.keepOnly(new Set());
  }
}
