import type { DevicePlan, InterruptPlan } from '../affinity/domain-plan.js';
import type { Reason } from '../affinity/reason.js';
import type { RepairLimits } from '../affinity/settings.js';
import { restOfSet } from '../affinity/vector-target.js';
import { errorKind, PERSISTENT_FAILURES } from '../affinity/write-errors.js';
import { EMPTY, equal, intersect, isSubset } from '../domain/cpuset.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { hidesProcesses } from '../host/hidepid.js';
import { isIrqbalance, readIrqbalance } from '../host/irqbalance.js';
import { FileError } from '../host/pseudo-fs.js';
import type { DeviceState } from './device-state.js';
import type { InterruptState } from './interrupt-state.js';
import type { ReconcilerHost } from './reconciler-host.js';
import type { Placement, ReconcileResult } from './result.js';

interface DevicePass {
  device: DeviceState;
  /** the plan, and its result */
  planned: DevicePlan;
  applied: DevicePlan;
  /** false: no QEMU process of the domain was seen, so nothing was written and nothing failed */
  isRunning: boolean;
}

/** Its target had no free vector, so it was placed on the rest of the set. */
function isPlacedOnRest(state: InterruptState, interrupt: InterruptPlan): boolean {
  return hasFullTarget(state, interrupt) && equal(state.placedOn, restOfSet(interrupt));
}

/** Its target had no room, and the rest of the set could not be written at that moment. */
function hasBusyRest(state: InterruptState, interrupt: InterruptPlan): boolean {
  return hasFullTarget(state, interrupt) && state.restRetry.hasFailed(restOfSet(interrupt));
}

function hasFullTarget({ retry }: InterruptState, { target }: InterruptPlan): boolean {
  return retry.failures(target, 'ENOSPC') > 0;
}

/** When it is tried again. */
function retryTime(state: InterruptState, interrupt: InterruptPlan): number {
  const { retry, restRetry } = state;
  return hasBusyRest(state, interrupt) ? Math.min(retry.retryAt, restRetry.retryAt) : retry.retryAt;
}

/** Its write failed, but a part was written. */
function wasMoved(before: InterruptPlan, { action, reason, affinity }: InterruptPlan): boolean {
  return action === 'fail' && reason?.code === 'write-error' && !equal(affinity, before.affinity);
}

interface Context {
  now: number;
  result: ReconcileResult;
  seenAt(irq: number): number | undefined;
}

type Outcome = Pick<Placement, 'kind' | 'reason' | 'culprit' | 'error' | 'lagMs'>;

/** Turns what a pass did to each interrupt into placements to report and into state for the next pass. */
export class OutcomeRecorder {
  /** pids of irqbalance processes that probably caused contests */
  readonly #movers = new Set<number>();

  constructor(private readonly host: ReconcilerHost) {}

  /** Whether an irqbalance that kept moving interrupts has ended; true once. */
  hasMoverEnded(): boolean {
    const ended = [...this.#movers].filter((pid) => !this.#isRunning(pid));
    for (const pid of ended) this.#movers.delete(pid);
    return ended.length > 0;
  }

  /** Why a misplaced interrupt is not written in this pass; undefined: it is written. */
  reasonToLeave(
    state: InterruptState,
    interrupt: InterruptPlan,
    now: number,
    limits: RepairLimits,
  ): Reason | undefined {
    const { affinity, target } = interrupt;
    const rest = restOfSet(interrupt);
    const hasRest = isPlacedOnRest(state, interrupt);
    const isOnRest = hasRest && affinity !== null && isSubset(affinity, rest);
    state.repairDecision = undefined;
    if (state.retry.mustWait(target, now)) {
      const mayTryRest = hasRest || (hasBusyRest(state, interrupt) && !state.restRetry.mustWait(rest, now));
      if (!mayTryRest) return { code: 'retry-later' };
      if (isOnRest && target) return { code: 'target-full', target };
    }
    // another program has moved it, unless it is time to try its target again
    if (isOnRest || !(hasRest || equal(state.placedOn, target))) return undefined;
    const decision = state.repairs.decide(now, limits);
    if (decision === 'repair') return undefined;
    state.repairDecision = decision;
    return { code: 'contested' };
  }

  /**
   * Whether an interrupt that was moved off the rest of the set goes back there: it is too early for its target, and
   * nobody has moved it there.
   */
  isTargetFull(state: InterruptState, interrupt: InterruptPlan, now: number): boolean {
    const { target, affinity, effective } = interrupt;
    const isOnTarget = intersect(effective ?? affinity ?? EMPTY, target ?? EMPTY).length > 0;
    const belongsOnRest = isPlacedOnRest(state, interrupt) || hasBusyRest(state, interrupt);
    return belongsOnRest && !isOnTarget && state.retry.mustWait(target, now);
  }

  recordDevice(
    { device, planned, applied, isRunning }: DevicePass,
    definition: PlainDefinition,
    context: Context,
  ): void {
    device.retryAt = Number.POSITIVE_INFINITY;
    applied.interrupts.forEach((after, index) => {
      const before = planned.interrupts[index] as InterruptPlan;
      const state = device.stateOf(before);
      const from = state.movedFrom ?? before.affinity;
      const isDone = isRunning || before.action !== 'set';
      const outcome = isDone ? this.#record(state, before, after, device, context) : undefined;
      if (after.action === 'set' || after.action === 'keep') state.movedFrom = undefined;
      else if (wasMoved(before, after)) state.movedFrom = from ?? undefined;
      if (outcome) {
        const { name: domain, uuid = null } = definition;
        const { irq, vector, target } = after;
        const handler = before.handlers[0] ?? '';
        context.result.changed.push({
          domain,
          uuid,
          address: device.address,
          irq,
          vector,
          handler,
          from,
          to: after.affinity,
          target,
          ...(restOfSet(after).length > 0 ? { isSpread: true as const } : {}),
          ...outcome,
        });
      }
    });
  }

  #record(
    state: InterruptState,
    before: InterruptPlan,
    after: InterruptPlan,
    device: DeviceState,
    context: Context,
  ): Outcome | undefined {
    const retryAt = (at: number) => {
      device.retryAt = Math.min(device.retryAt, at);
    };
    const isOnRest = after.reason?.code === 'target-full';
    if (isOnRest && after.action !== 'skip') {
      const outcome = this.#placedOnRest(state, after, context);
      retryAt(state.retry.retryAt);
      return outcome;
    }
    if (after.action === 'keep') {
      state.placedOn = after.target ?? undefined;
      state.retry.succeeded();
      state.restRetry.succeeded();
      return undefined;
    }
    if (after.action === 'set') return this.#placed(state, after, device, context);
    if (after.action === 'fail') {
      const outcome = this.#failed(state, after, context);
      // a correct mask is not written again, wherever the interrupt is delivered
      if (before.action === 'set' || after.error !== null) retryAt(retryTime(state, after));
      return outcome;
    }
    if (before.action !== 'set') {
      state.placedOn = undefined;
      return undefined;
    }
    if (state.repairDecision !== undefined) {
      retryAt(state.repairs.pausedUntil);
      return state.repairDecision === 'contested' ? { kind: 'contested', culprit: this.#culprit() } : undefined;
    }
    if (isOnRest) {
      retryAt(state.retry.retryAt);
      return undefined;
    }
    // It went away, or got another owner, during the pass. If it is still there, the next write is not a repair.
    state.placedOn = undefined;
    if (after.reason?.code !== 'retry-later') state.restRetry.succeeded();
    if (!state.retry.mustWait(after.target, context.now)) {
      state.retry.failed(after.target, 'gone', 'gone', context.now);
      context.result.errors.gone++;
    }
    retryAt(retryTime(state, after));
    return undefined;
  }

  #placed(
    state: InterruptState,
    { target, irq }: InterruptPlan,
    { checkedAt }: DeviceState,
    { seenAt }: Context,
  ): Outcome {
    const isRepair = equal(state.placedOn, target);
    const isNew = state.placedOn === undefined && state.retry.retryAt === 0;
    const appearedAt = isNew ? (seenAt(irq) ?? checkedAt) : undefined;
    const fastPathLagMs = state.fastPathWrite?.lagMs;
    state.placedOn = target ?? undefined;
    state.retry.succeeded();
    state.restRetry.succeeded();
    state.fastPathWrite = undefined;
    if (isRepair) return { kind: 'repaired' };
    const lagMs =
      fastPathLagMs ?? (appearedAt === undefined ? undefined : Math.max(0, this.host.clock.now() - appearedAt));
    return { kind: 'placed', ...(lagMs === undefined ? {} : { lagMs }) };
  }

  /**
   * Its target has no room: it is tried again later. Reported when it is written, not when it has the rest of the set
   * still. A repair that did not try the target does not put off its next trial.
   */
  #placedOnRest(state: InterruptState, after: InterruptPlan, context: Context): Outcome | undefined {
    const { action, reason, isTargetFull } = after;
    const isRepair = isPlacedOnRest(state, after);
    if (!isTargetFull) this.#targetFull(state, after, context);
    state.restRetry.succeeded();
    state.placedOn = restOfSet(after);
    if (action !== 'set') return undefined;
    return { kind: isRepair ? 'repaired' : 'placed', ...(reason ? { reason } : {}) };
  }

  #targetFull({ retry }: InterruptState, { target }: InterruptPlan, { now, result }: Context): void {
    result.errors.exhausted++;
    retry.failed(target, 'ENOSPC', 'exhausted', now);
  }

  #failed(state: InterruptState, after: InterruptPlan, context: Context): Outcome | undefined {
    const { now, result } = context;
    const { target, error, reason } = after;
    const isRest = after.isTargetFull && reason?.code === 'write-error';
    const rest = restOfSet(after);
    const [retry, cpus] = isRest ? [state.restRetry, rest] : [state.retry, target];
    // a read that fails is certain at once
    const failures = reason?.code === 'unreadable' ? PERSISTENT_FAILURES : retry.failures(cpus, error ?? '') + 1;
    const kind = error === null ? 'exhausted' : errorKind(error, failures);
    result.errors[kind]++;
    state.placedOn = undefined;
    // a failed write of the rest of the set does not bring the retry of the target forward
    const isBusyRest = isRest && kind === 'transient';
    if (isBusyRest && !state.retry.mustWait(target, now)) this.#targetFull(state, after, context);
    const isToReport = isBusyRest
      ? state.restRetry.failed(rest, error ?? '', kind, now)
      : state.retry.failed(target, error ?? '', kind, now);
    if (!isToReport) return undefined;
    return { kind: 'failed', ...(reason === null ? {} : { reason }), ...(error === null ? {} : { error }) };
  }

  /** True also if that cannot be read. */
  #isRunning(pid: number): boolean {
    try {
      return isIrqbalance(this.host.files, pid);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return true;
    }
  }

  /** The program that probably moves it. */
  #culprit(): Placement['culprit'] & {} {
    try {
      const irqbalance = readIrqbalance(this.host.files);
      if (irqbalance) this.#movers.add(irqbalance.pid);
      if (irqbalance) return { irqbalancePid: irqbalance.pid };
      return hidesProcesses(this.host.files) ? 'unknown' : 'not irqbalance';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return 'unknown';
    }
  }
}
