import type { DeviceReport, InterruptReport } from '../affinity/report.js';
import type { RepairLimits } from '../affinity/settings.js';
import { treatmentOf } from '../affinity/write-errors.js';
import type { Definition } from '../domain/definition.js';
import { readIrqbalance } from '../host/irqbalance.js';
import { FileError } from '../host/pseudo-fs.js';
import type { DeviceState } from './device-state.js';
import type { InterruptState } from './interrupt-state.js';
import type { ReconcilerHost } from './reconciler-host.js';
import type { Placement, ReconcileResult } from './result.js';

interface DevicePass {
  device: DeviceState;
  /** what was to be done, and what came of it */
  planned: DeviceReport;
  report: DeviceReport;
  /** without a QEMU of the domain nothing was written, and nothing failed */
  isRunning: boolean;
}

interface Context {
  now: number;
  result: ReconcileResult;
  seenAt(irq: number): number | undefined;
}

type Outcome = Pick<Placement, 'kind' | 'reason' | 'error' | 'lagMs'>;

/** Turns what a pass did to each interrupt into placements to report and into state for the next pass. */
export class OutcomeRecorder {
  constructor(private readonly host: ReconcilerHost) {}

  /** Why a misplaced interrupt is not written in this pass; undefined: it is. */
  reasonToLeave(
    state: InterruptState,
    { wanted }: InterruptReport,
    now: number,
    limits: RepairLimits,
  ): string | undefined {
    state.repairDecision = undefined;
    if (state.retry.mustWait(wanted, now)) return 'it is tried again later';
    if (state.placedOn !== wanted) return undefined;
    const decision = state.repairs.decide(now, limits);
    if (decision === 'repair') return undefined;
    state.repairDecision = decision;
    return 'somebody else keeps moving it';
  }

  recordDevice({ device, planned, report, isRunning }: DevicePass, definition: Definition, context: Context): void {
    device.retryAt = Number.POSITIVE_INFINITY;
    report.interrupts.forEach((after, index) => {
      const before = planned.interrupts[index] as InterruptReport;
      const state = device.stateOf(before);
      const isDone = isRunning || before.action !== 'set';
      const outcome = isDone ? this.#record(state, before, after, device, context) : undefined;
      if (outcome) {
        const { name: domain, uuid = null } = definition;
        const { irq, vector, wanted } = after;
        const handler = before.handlers[0] ?? '';
        const change = { from: before.affinity, to: after.affinity };
        context.result.changed.push({
          domain,
          uuid,
          address: device.address,
          irq,
          vector,
          handler,
          ...change,
          wanted,
          ...outcome,
        });
      }
    });
  }

  #record(
    state: InterruptState,
    before: InterruptReport,
    after: InterruptReport,
    device: DeviceState,
    context: Context,
  ): Outcome | undefined {
    const retryAt = (at: number) => {
      device.retryAt = Math.min(device.retryAt, at);
    };
    if (after.action === 'keep') {
      state.placedOn = after.wanted ?? undefined;
      state.retry.succeeded();
      return undefined;
    }
    if (after.action === 'set') return this.#placed(state, after, device, context);
    if (after.action === 'fail') {
      const outcome = this.#failed(state, after, context);
      // a mask that is as it should be is not written again, wherever the interrupt is delivered
      if (before.action === 'set' || after.error !== null) retryAt(state.retry.retryAt);
      return outcome;
    }
    if (before.action !== 'set') {
      state.placedOn = undefined;
      return undefined;
    }
    if (state.repairDecision !== undefined) {
      retryAt(state.repairs.pausedUntil);
      return state.repairDecision === 'contested' ? { kind: 'contested', reason: this.#culprit() } : undefined;
    }
    // It went, or became another's, during the pass. If it did not, the write that follows is not a repair.
    state.placedOn = undefined;
    if (!state.retry.mustWait(after.wanted, context.now)) {
      state.retry.failed(after.wanted, 'gone', 'gone', context.now);
      context.result.errors.gone++;
    }
    retryAt(state.retry.retryAt);
    return undefined;
  }

  #placed(
    state: InterruptState,
    { wanted, irq }: InterruptReport,
    { checkedAt }: DeviceState,
    { seenAt }: Context,
  ): Outcome {
    const isRepair = state.placedOn === wanted;
    const isNew = state.placedOn === undefined && state.retry.retryAt === 0;
    const appearedAt = isNew ? (seenAt(irq) ?? checkedAt) : undefined;
    const fastPathLagMs = state.fastPathWrite?.lagMs;
    state.placedOn = wanted ?? undefined;
    state.retry.succeeded();
    state.fastPathWrite = undefined;
    if (isRepair) return { kind: 'repaired' };
    const lagMs =
      fastPathLagMs ?? (appearedAt === undefined ? undefined : Math.max(0, this.host.clock.now() - appearedAt));
    return { kind: 'placed', ...(lagMs === undefined ? {} : { lagMs }) };
  }

  #failed(
    state: InterruptState,
    { wanted, error, reason }: InterruptReport,
    { now, result }: Context,
  ): Outcome | undefined {
    const kind = error === null ? 'exhausted' : treatmentOf(error).kind;
    result.errors[kind]++;
    state.placedOn = undefined;
    const isNew = state.retry.failed(wanted, error ?? '', kind, now);
    if (!isNew) return undefined;
    return { kind: 'failed', ...(reason === null ? {} : { reason }), ...(error === null ? {} : { error }) };
  }

  /** Who probably moves it. */
  #culprit(): string {
    try {
      const irqbalance = readIrqbalance(this.host.files);
      return irqbalance
        ? `irqbalance runs (pid ${irqbalance.pid})`
        : 'something else than irqbalance, which does not run';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return 'whether irqbalance runs cannot be read';
    }
  }
}
