import { type PciAddress, parseAddress } from '../domain/address.js';
import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { type Cpuset, formatCpuset, isSubset } from '../domain/cpuset.js';
import { openMask, readHandlers, readInterrupt } from '../host/interrupt.js';
import { FileError, type PseudoFs, type WritableFile } from '../host/pseudo-fs.js';
import { untilItOccurs } from './plan.js';
import type { DomainReport, InterruptReport } from './report.js';
import { vectorKey } from './vector-key.js';
import { changeSince, GONE, type Target, verifyTarget } from './verify-target.js';
import { isWorthAnotherTry, treatmentOf } from './write-errors.js';

/** How often a write is tried that meets a transient error, and the pause before it is tried again, in milliseconds. */
const TRIES = 3;
const PAUSE = 2;

/** A mask that was written: what the state file is made from. */
export interface AffinityWrite {
  /** vectorKey() of the interrupt */
  key: string;
  irq: number;
  /** null: a legacy line, which outlives the domain */
  vector: number | null;
  /** CPU lists */
  before: string;
  cpus: string;
  /** where it is still delivered, outside of them, until it occurs; absent: nowhere */
  pending?: string;
  /** it was written before this pass */
  earlier: boolean;
}

export interface AppliedPlan {
  /** the plan with what came of it: affinity and effective as they are now */
  report: DomainReport;
  writes: AffinityWrite[];
}

export interface ApplyPlanOptions {
  /** those that were written before, and are only read back */
  ahead?: ReadonlySet<InterruptReport>;
  /** whether the domain still does; asked before each write, for its device may be another's a moment later */
  runs?: (() => boolean) | undefined;
}

/** Carries out a plan. One interrupt's failure never stops the next. */
export function applyPlan(
  files: PseudoFs,
  planned: DomainReport,
  pause: (milliseconds: number) => void,
  { ahead = new Set(), runs }: ApplyPlanOptions = {},
): AppliedPlan {
  const writes: AffinityWrite[] = [];
  const devices = planned.devices.map((device) => {
    const address = parseAddress(device.address ?? '');
    const wanted = parseCpuList(device.cpus ?? '');
    if (!address || !wanted || wanted.length === 0) return device;
    const placer = new Placer(files, pause, runs, writes, address, wanted);
    const interrupts = device.interrupts.map((one) => (one.action === 'set' ? placer.place(one, ahead.has(one)) : one));
    return { ...device, interrupts };
  });
  return { report: { ...planned, devices }, writes };
}

/** Places the interrupts of one device. */
class Placer {
  readonly #mask: string;
  readonly #list: string;

  constructor(
    private readonly files: PseudoFs,
    private readonly pause: (milliseconds: number) => void,
    private readonly runs: (() => boolean) | undefined,
    private readonly writes: AffinityWrite[],
    private readonly address: PciAddress,
    private readonly wanted: Cpuset,
  ) {
    this.#mask = `${formatMask(wanted)}\n`;
    this.#list = formatCpuset(wanted);
  }

  place(planned: InterruptReport, isWritten: boolean): InterruptReport {
    try {
      const obstacle = isWritten ? undefined : this.#attempt(planned);
      if (obstacle) return obstacle;
      const { irq, vector, handlers, affinity } = planned;
      const key = vectorKey(this.address, irq, handlers[0] ?? '');
      const write: AffinityWrite = { key, irq, vector, before: affinity ?? '', cpus: this.#list, earlier: isWritten };
      this.writes.push(write);
      const report = this.#readBack(planned);
      if (report.action === 'set' && report.reason !== null && report.effective !== null) {
        write.pending = report.effective;
      }
      return report;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return { ...planned, action: 'fail', reason: `${error.path} cannot be read`, error: error.code };
    }
  }

  /** What kept it from being written; undefined where it was. */
  #attempt(planned: InterruptReport): InterruptReport | undefined {
    for (let left = TRIES; ; left--) {
      // opened before it is looked at: what has its number since is not written
      const file = openMask(this.files, planned.irq);
      try {
        const target = { ...planned, address: this.address };
        const refusal = verifyTarget(this.files, target) ?? this.#standstill(target);
        if (refusal !== undefined) return { ...planned, action: 'skip', reason: refusal };
        const code = this.#write(file);
        if (code === undefined) return undefined;
        const { action, reason } = treatmentOf(code);
        if (!isWorthAnotherTry(code) || left === 1) return { ...planned, action, reason, error: code };
        this.pause(PAUSE);
      } finally {
        file.close();
      }
    }
  }

  /** The handlers are read once more then: nothing stands between that and the write. */
  #standstill(target: Target): string | undefined {
    if (this.runs === undefined) return undefined;
    return this.runs() ? changeSince(readHandlers(this.files, target.irq), target) : NOT_RUNNING;
  }

  /** The kernel's name for what it met; undefined where all went well. */
  #write(file: WritableFile): string | undefined {
    try {
      file.write(this.#mask);
      return undefined;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return error.code;
    }
  }

  /** What is true counts, not what was asked. */
  #readBack(planned: InterruptReport): InterruptReport {
    const now = readInterrupt(this.files, planned.irq);
    const refusal = changeSince(now?.handlers ?? [], { ...planned, address: this.address });
    if (!now || refusal !== undefined) return { ...planned, action: 'skip', reason: refusal ?? GONE };
    const { affinity, effective } = now;
    const list = formatCpuset(affinity);
    const seen = { ...planned, affinity: list, effective: effective ? formatCpuset(effective) : null };
    if (!isSubset(affinity, this.wanted)) return { ...seen, action: 'fail', reason: `the kernel made it ${list}` };
    if (!effective || isSubset(effective, this.wanted)) return seen;
    if (seen.effective === planned.effective) return { ...seen, reason: untilItOccurs(effective) };
    return { ...seen, action: 'fail', reason: strayed(effective) };
  }
}

/** Out of vectors, the kernel delivers outside of the mask without an error. */
function strayed(effective: Cpuset): string {
  return `delivered to CPU ${formatCpuset(effective)} all the same: that CPU set may be out of vectors`;
}

export const NOT_RUNNING = 'no QEMU of this domain runs here';
