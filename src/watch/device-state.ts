import type { Continuity } from '../affinity/continuity.js';
import { type DevicePlan, type InterruptPlan, isRemote } from '../affinity/domain-plan.js';
import { type Spread, vectorTarget } from '../affinity/vector-target.js';
import type { PciAddress } from '../domain/address.js';
import type { Cpuset } from '../domain/cpuset.js';
import { IrqNumbers } from '../host/irq-numbers.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import { type CheckResult, InterruptState } from './interrupt-state.js';
import { WriteRetry } from './write-retry.js';

/**
 * The full check that follows a fast-path write waits until no more vectors have come for the first time, at most for
 * the second: earlier it would delay the next fast-path write.
 */
const SETTLE_MS = 300;
const MAX_SETTLE_MS = 1000;

/** The policy's set, and how the vectors are divided among its CPUs. */
export interface DeviceTargets {
  cpus: Cpuset;
  spread: Spread | null;
}

export interface DeviceCheck {
  now: number;
  /** how many IRQs the host has; undefined: unknown */
  hostIrqCount(): number | undefined;
  /** also effective affinity and other handlers of a shared line; default false */
  delivery?: boolean;
}

/**
 * One device of a managed domain: its IRQ numbers and interrupts. A check costs one read an interrupt. Times are of the
 * watcher's clock.
 */
export class DeviceState {
  readonly interrupts = new Map<number, InterruptState>();
  /** the last check: what is new since then has appeared after it */
  checkedAt: number | undefined;
  /** when something is to be tried again; Infinity: nothing is */
  retryAt = Number.POSITIVE_INFINITY;
  /** where the last full check wants its vectors; undefined while that is not certain */
  targets: DeviceTargets | undefined;
  /** how many interrupts the last full check found on another node */
  remoteCount = 0;
  readonly #unreadable = new WriteRetry();
  /** a full check that waits for more vectors */
  #pendingCheck: { since: number; due: number } | undefined;
  readonly #irqNumbers: IrqNumbers;
  /** IRQs of vectors that went away, whether or not others have the numbers now */
  readonly #ended = new Set<number>();

  constructor(
    private readonly files: PseudoFs,
    readonly address: PciAddress,
  ) {
    this.#irqNumbers = new IrqNumbers(files, address);
  }

  /** How many of its interrupts VFIO handles; a vector that nobody has requested is not counted. */
  get managedCount(): number {
    let count = 0;
    for (const { handler } of this.interrupts.values()) if (handler !== undefined) count++;
    return count;
  }

  /** When a full check of it is due; Infinity: none is. */
  get due(): number {
    return Math.min(this.retryAt, this.#pendingCheck?.due ?? Number.POSITIVE_INFINITY);
  }

  get hasPendingCheck(): boolean {
    return this.#pendingCheck !== undefined;
  }

  /** A vector was written on the fast path, or has changed: a full check when no more have for a moment. */
  scheduleCheck(now: number): void {
    const since = this.#pendingCheck?.since ?? now;
    this.#pendingCheck = { since, due: Math.min(now + SETTLE_MS, since + MAX_SETTLE_MS) };
  }

  /** A vector went: a full check at the latest possible time, for its successor usually comes before that. */
  scheduleLateCheck(now: number): void {
    this.#pendingCheck ??= { since: now, due: now + MAX_SETTLE_MS };
  }

  /** Vectors are about to appear: a check that is due now waits for them, within its limit. */
  delayCheck(now: number): void {
    if (this.#pendingCheck && this.#pendingCheck.due <= now) this.scheduleCheck(now);
  }

  /** It cannot be read: tried again with growing delays. */
  markUnreadable(now: number): void {
    this.#unreadable.failed(null, 'unreadable', 'transient', now);
    this.#pendingCheck = undefined;
    this.retryAt = this.#unreadable.retryAt;
  }

  isUnreadable(now: number): boolean {
    return now < this.#unreadable.retryAt;
  }

  /** The full check that was due could not be made. */
  defer(until: number): void {
    this.#pendingCheck = undefined;
    this.retryAt = until;
  }

  /**
   * `moved`: an interrupt at least has changed; `renewed`: some went or came, and nothing else. Renewed ones count as
   * new from here on.
   */
  check({ now, hostIrqCount, delivery = false }: DeviceCheck): CheckResult {
    const results = new Set<CheckResult>([this.#irqNumbers.haveChanged(now, hostIrqCount()) ? 'renewed' : 'same']);
    for (const interrupt of this.interrupts.values()) {
      const result = interrupt.check();
      results.add(result === 'same' && delivery && !interrupt.isDeliveredAsBefore() ? 'moved' : result);
    }
    return (['moved', 'renewed', 'same'] as const).find((result) => results.has(result)) as CheckResult;
  }

  /** Whether the vector with this handler is the one that the last pass saw under the number. */
  continuityOf(irq: number, handler: string): Continuity {
    const known = this.interrupts.get(irq);
    return known?.handler === handler ? known.continuity : 'unknown';
  }

  /** IRQs whose vectors went away since this was asked last. */
  takeEnded(): number[] {
    for (const [irq, state] of this.interrupts) if (state.takeEnd()) this.#ended.add(irq);
    const ended = [...this.#ended];
    this.#ended.clear();
    return ended;
  }

  /**
   * Later checks compare with what a full check has found, as far as it is still true.
   * @param isSaved whether its state was saved: else what is saved may be of vectors that are gone
   */
  record(plan: DevicePlan, isSaved: boolean): void {
    const { interrupts } = plan;
    this.remoteCount = interrupts.filter((interrupt) => isRemote(interrupt, plan)).length;
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
   * What a vector that has just appeared is to have; undefined while that is not certain.
   * @param handler its handler, which is VFIO's for this device
   * @param count how many vectors the device has; called only if that matters
   */
  targetOf(handler: string, count: () => number): Cpuset | undefined {
    const { cpus, spread } = this.targets ?? {};
    if (!cpus || !spread) return cpus;
    const owned = vfioOwnership([handler], this.address);
    if (!owned.ours) return undefined;
    const { type, vector } = owned;
    return vectorTarget(cpus, spread, { type, vector, count: count() }).cpus;
  }

  /** What msi_irqs lists now, in ascending order. */
  listIrqs(): number[] {
    return this.#irqNumbers.read();
  }

  /** @param hasEnded whether its vector is known to be gone */
  forget(irq: number, hasEnded = false): void {
    if (hasEnded) this.#ended.add(irq);
    this.interrupts.get(irq)?.close();
    this.interrupts.delete(irq);
  }

  close(): void {
    for (const state of this.interrupts.values()) state.close();
    this.interrupts.clear();
  }
}
