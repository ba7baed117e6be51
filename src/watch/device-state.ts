import type { Continuity } from '../affinity/continuity.js';
import { type DevicePlan, type InterruptPlan, isMisplaced, isRemote } from '../affinity/domain-plan.js';
import { type CountedInterrupt, StrayInterrupts } from '../affinity/stray-interrupts.js';
import { type Spread, vectorTarget } from '../affinity/vector-target.js';
import { WriteRetry } from '../affinity/write-retry.js';
import type { PciAddress } from '../domain/address.js';
import type { Cpuset } from '../domain/cpuset.js';
import { IrqNumbers } from '../host/irq-numbers.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import { type CheckResult, InterruptState } from './interrupt-state.js';

/**
 * After a fast-path write the full check waits until no new vector has come for SETTLE_MS, and for MAX_SETTLE_MS at
 * most. An earlier check would delay the next fast-path write.
 */
const SETTLE_MS = 300;
const MAX_SETTLE_MS = 1000;

/** The policy's set, and how the vectors are divided among its CPUs. */
export interface DeviceTargets {
  cpus: Cpuset;
  spread: Spread | null;
  /** as DevicePlan has it */
  preferred: Cpuset;
}

export interface DeviceCheck {
  now: number;
  /** number of IRQs on the host; undefined: unknown */
  hostIrqCount(): number | undefined;
  /** also check the effective affinity and the other handlers of a shared line; default false */
  delivery?: boolean;
}

/**
 * One device of a managed domain: its IRQ numbers and interrupts. A check costs one read per interrupt. Times are of
 * the watcher's clock.
 */
export class DeviceState {
  readonly interrupts = new Map<number, InterruptState>();
  /** time of the last check; a vector that is new since then appeared after it */
  checkedAt: number | undefined;
  /** time of the next retry; Infinity: none */
  retryAt = Number.POSITIVE_INFINITY;
  /** targets that the last full check found for its vectors; undefined: not certain */
  targets: DeviceTargets | undefined;
  /** what the last full check found of its interrupts */
  counts = { misplaced: 0, remote: 0, unreadable: 0 };
  /** what was delivered outside the policy's set */
  readonly strays = new StrayInterrupts();
  readonly #unreadable = new WriteRetry();
  /** a full check that waits for more vectors */
  #pendingCheck: { since: number; due: number } | undefined;
  readonly #irqNumbers: IrqNumbers;
  /** IRQs of freed vectors; other vectors may have the numbers now */
  readonly #ended = new Set<number>();

  constructor(
    private readonly files: PseudoFs,
    readonly address: PciAddress,
  ) {
    this.#irqNumbers = new IrqNumbers(files, address);
  }

  /** Number of its interrupts that VFIO handles. A vector that no driver has requested does not count. */
  get managedCount(): number {
    return [...this.managed()].length;
  }

  /** Those interrupts. */
  *managed(): Generator<CountedInterrupt> {
    for (const [irq, { handler }] of this.interrupts) if (handler !== undefined) yield { irq, handler };
  }

  /** Time of its next full check; Infinity: none is due. */
  get due(): number {
    return Math.min(this.retryAt, this.#pendingCheck?.due ?? Number.POSITIVE_INFINITY);
  }

  get hasPendingCheck(): boolean {
    return this.#pendingCheck !== undefined;
  }

  /** A vector was written on the fast path, or has changed: make a full check once no more vectors change. */
  scheduleCheck(now: number): void {
    const since = this.#pendingCheck?.since ?? now;
    this.#pendingCheck = { since, due: Math.min(now + SETTLE_MS, since + MAX_SETTLE_MS) };
  }

  /** A vector went away: make a full check as late as possible, since its successor usually comes before that. */
  scheduleLateCheck(now: number): void {
    this.#pendingCheck ??= { since: now, due: now + MAX_SETTLE_MS };
  }

  /** Vectors are about to appear: a check that is due now waits for them, within its limit. */
  delayCheck(now: number): void {
    if (this.#pendingCheck && this.#pendingCheck.due <= now) this.scheduleCheck(now);
  }

  /** The device cannot be read: retry with growing delays. */
  markUnreadable(now: number): void {
    this.#unreadable.failed(null, 'unreadable', 'transient', now);
    this.#pendingCheck = undefined;
    this.retryAt = this.#unreadable.retryAt;
  }

  isUnreadable(now: number): boolean {
    return now < this.#unreadable.retryAt;
  }

  /** Whether the last full check could not read it. */
  get hasBeenUnreadable(): boolean {
    return this.#unreadable.retryAt > 0;
  }

  /** The full check that was due could not be made. */
  defer(until: number): void {
    this.#pendingCheck = undefined;
    this.retryAt = until;
  }

  /**
   * `moved`: at least one interrupt has changed; `renewed`: interrupts only went away or appeared. Renewed interrupts
   * count as new from now on.
   */
  check({ now, hostIrqCount, delivery = false }: DeviceCheck): CheckResult {
    const results = new Set<CheckResult>([this.#irqNumbers.haveChanged(now, hostIrqCount()) ? 'renewed' : 'same']);
    for (const interrupt of this.interrupts.values()) {
      const result = interrupt.check();
      results.add(result === 'same' && delivery && !interrupt.isDeliveredAsBefore() ? 'moved' : result);
    }
    return (['moved', 'renewed', 'same'] as const).find((result) => results.has(result)) as CheckResult;
  }

  /** Whether the vector with this IRQ and handler is the one that the last pass saw. */
  continuityOf(irq: number, handler: string): Continuity {
    const known = this.interrupts.get(irq);
    return known?.handler === handler ? known.continuity : 'unknown';
  }

  /** IRQs whose vectors went away since the last call. */
  takeEnded(): number[] {
    for (const [irq, state] of this.interrupts) if (state.takeEnd()) this.#addEnded(irq);
    const ended = [...this.#ended];
    this.#ended.clear();
    return ended;
  }

  /**
   * Makes the result of a full check the reference of later checks, where it is still true.
   * @param isSaved true: the pass saved its state; false: the saved state may describe vectors that are gone
   */
  record(plan: DevicePlan, isSaved: boolean): void {
    const { interrupts } = plan;
    const count = (is: (interrupt: InterruptPlan) => boolean | null) => interrupts.filter(is).length;
    this.counts = {
      misplaced: count((interrupt) => isMisplaced(interrupt, true)),
      remote: count((interrupt) => isRemote(interrupt, plan)),
      unreadable: count(({ reason }) => reason?.code === 'unreadable'),
    };
    this.#pendingCheck = undefined;
    this.#unreadable.succeeded();
    this.#irqNumbers.record(interrupts.filter(({ type }) => type !== 'intx').map(({ irq }) => irq));
    const present = new Set(interrupts.map(({ irq }) => irq));
    for (const irq of this.interrupts.keys()) if (!present.has(irq)) this.forget(irq, true);
    for (const interrupt of interrupts) {
      this.stateOf(interrupt).recordPass(interrupt, isSaved);
    }
  }

  /** The state of an interrupt; a new one if its number belongs to another vector now. */
  stateOf({ irq, handlers, affinity }: Pick<InterruptPlan, 'irq' | 'handlers' | 'affinity'>): InterruptState {
    const isOurs = affinity !== null && vfioOwnership(handlers, this.address).ours;
    return this.stateWith(irq, isOurs ? handlers[0] : undefined);
  }

  /** @param handler undefined if it is not a VFIO handler of this device alone */
  stateWith(irq: number, handler: string | undefined): InterruptState {
    const known = this.interrupts.get(irq);
    if (known?.handler === handler && known) return known;
    if (known) this.forget(irq, known.takeEnd());
    const state = new InterruptState(this.files, irq, handler);
    this.interrupts.set(irq, state);
    return state;
  }

  /**
   * The target of a vector that has just appeared; undefined: not certain.
   * @param handler its handler, which is VFIO's for this device
   * @param count returns the device's number of vectors; called only if the target depends on it
   */
  targetOf(handler: string, count: () => number): Cpuset | undefined {
    const { cpus, spread } = this.targets ?? {};
    if (!cpus || !spread) return cpus;
    const owned = vfioOwnership([handler], this.address);
    if (!owned.ours) return undefined;
    const { type, vector } = owned;
    return vectorTarget(cpus, spread, { type, vector, count: count() }).cpus;
  }

  /** The IRQs in msi_irqs, in ascending order. */
  listIrqs(): number[] {
    return this.#irqNumbers.read();
  }

  /**
   * Its process has requested an interrupt. Returns the numbers that may belong to a new vector: the others have the
   * handler and the mask that they had. A legacy line is left to a full check.
   */
  takeRequest(now: number): number[] {
    const irqs = this.listIrqs();
    const isSame = (state: InterruptState) => state.handler !== undefined && state.check() === 'same';
    if (irqs.length === 0 && ![...this.interrupts.values()].some(isSame)) this.scheduleLateCheck(now);
    return irqs.filter((irq) => {
      const state = this.interrupts.get(irq);
      return !state || !isSame(state);
    });
  }

  /** @param hasEnded true: its vector is known to be gone */
  forget(irq: number, hasEnded = false): void {
    if (hasEnded) this.#addEnded(irq);
    this.interrupts.get(irq)?.close();
    this.interrupts.delete(irq);
  }

  #addEnded(irq: number): void {
    this.#ended.add(irq);
    this.strays.restart(irq);
  }

  close(): void {
    for (const state of this.interrupts.values()) state.close();
    this.interrupts.clear();
  }
}
