import type { DeviceReport, InterruptReport } from '../affinity/report.js';
import type { RepairLimits } from '../affinity/settings.js';
import { treatmentOf } from '../affinity/write-errors.js';
import type { Definition } from '../domain/definition.js';
import { type Irqbalance, readIrqbalance } from '../host/irqbalance.js';
import { FileError } from '../host/pseudo-fs.js';
import type { DeviceState } from './device-state.js';
import type { Placement, ReconcileResult } from './events.js';
import type { InterruptState } from './interrupt-state.js';
import type { ReconcilerHost } from './reconciler-host.js';

interface DeviceOutcome {
  device: DeviceState;
  /** what was to be done, and what came of it */
  planned: DeviceReport;
  report: DeviceReport;
  /** without a QEMU of its own nothing was written: the next look will do */
  running: boolean;
}

interface Context {
  now: number;
  run: ReconcileResult;
  heardAt(irq: number): number | undefined;
}

/** What a domain's passes came to for each interrupt: what is told of it, and what is kept for the next. */
export class OutcomeRecorder {
  constructor(private readonly host: ReconcilerHost) {}

  /** Why an interrupt that is not where it belongs is left there by this look. */
  objection(watch: InterruptState, { wanted }: InterruptReport, now: number, limits: RepairLimits): string | undefined {
    watch.quarrel = 'none';
    if (watch.backOff.waits(wanted, now)) return 'it is tried again later';
    if (watch.settled !== wanted) return undefined;
    const verdict = watch.contest.moved(now, limits);
    if (verdict === 'repair') return undefined;
    watch.quarrel = verdict;
    return 'somebody else keeps moving it';
  }

  ofDevice({ device, planned, report, running }: DeviceOutcome, definition: Definition, context: Context): void {
    device.retryAt = Number.POSITIVE_INFINITY;
    report.interrupts.forEach((after, index) => {
      const before = planned.interrupts[index] as InterruptReport;
      const watch = device.watchOf(before);
      const held = running || before.action !== 'set';
      const told = held ? this.#ofInterrupt(watch, before, after, device, context) : undefined;
      if (told) {
        const { name: domain, uuid = null } = definition;
        const { irq, vector, wanted } = after;
        const change = { from: before.affinity, to: after.affinity };
        context.run.changed.push({ domain, uuid, address: device.address, irq, vector, ...change, wanted, ...told });
      }
    });
  }

  #ofInterrupt(
    watch: InterruptState,
    before: InterruptReport,
    after: InterruptReport,
    device: DeviceState,
    context: Context,
  ): Pick<Placement, 'kind' | 'reason' | 'error' | 'lagMs'> | undefined {
    const retryAt = (at: number) => {
      device.retryAt = Math.min(device.retryAt, at);
    };
    if (after.action === 'keep') {
      watch.settled = after.wanted ?? undefined;
      watch.backOff.succeeded();
      return undefined;
    }
    if (after.action === 'set') return this.#placed(watch, after, device, context);
    if (after.action === 'fail') {
      const told = this.#failed(watch, after, context);
      // a mask that is as it should be is not written again, wherever the interrupt goes
      if (before.action === 'set' || after.error !== null) retryAt(watch.backOff.until);
      return told;
    }
    if (before.action !== 'set') {
      watch.settled = undefined;
      return undefined;
    }
    if (watch.quarrel !== 'none') {
      retryAt(watch.contest.until);
      return watch.quarrel === 'contested' ? { kind: 'contested', reason: this.#culprit() } : undefined;
    }
    // it went away, or became another's, under the pass; if it did not, a later trial is no answer to another move
    watch.settled = undefined;
    if (!watch.backOff.waits(after.wanted, context.now)) {
      watch.backOff.failed(after.wanted, 'gone', 'gone', context.now);
      context.run.errors.gone++;
    }
    retryAt(watch.backOff.until);
    return undefined;
  }

  #placed(
    watch: InterruptState,
    { wanted, irq }: InterruptReport,
    { lookedAt }: DeviceState,
    { heardAt }: Context,
  ): Pick<Placement, 'kind' | 'lagMs'> {
    const repaired = watch.settled === wanted;
    const appeared = watch.settled === undefined && watch.backOff.until === 0 ? (heardAt(irq) ?? lookedAt) : undefined;
    const ahead = watch.ahead?.lagMs;
    watch.settled = wanted ?? undefined;
    watch.backOff.succeeded();
    watch.ahead = undefined;
    const lagMs = ahead ?? (appeared === undefined ? undefined : Math.max(0, this.host.clock.now() - appeared));
    const lag = lagMs === undefined ? {} : { lagMs };
    return repaired ? { kind: 'repaired' } : { kind: 'placed', ...lag };
  }

  #failed(
    watch: InterruptState,
    { wanted, error, reason }: InterruptReport,
    { now, run }: Context,
  ): Pick<Placement, 'kind' | 'reason' | 'error'> | undefined {
    const kind = error === null ? 'exhausted' : treatmentOf(error).kind;
    run.errors[kind]++;
    watch.settled = undefined;
    const isNew = watch.backOff.failed(wanted, error ?? '', kind, now);
    if (!isNew) return undefined;
    return { kind: 'failed', ...(reason === null ? {} : { reason }), ...(error === null ? {} : { error }) };
  }

  #culprit(): string {
    const irqbalance = this.#irqbalance();
    return irqbalance
      ? `irqbalance runs (pid ${irqbalance.pid})`
      : 'something else than irqbalance, which does not run';
  }
  /** What cannot be read of other processes is no reason to leave the interrupts alone. */
  #irqbalance(): Irqbalance | undefined {
    try {
      return readIrqbalance(this.host.files);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }
}
