import type { DomainPlan } from '../../affinity/domain-plan.js';
import { EMPTY } from '../../domain/cpuset.js';
import { readHandlers } from '../../host/interrupt.js';
import { readInterruptLines } from '../../host/interrupt-table.js';
import { FileError, type PseudoFs } from '../../host/pseudo-fs.js';
import {
  type DomainVerdict,
  isRunning,
  type Sample,
  verdictsBetween,
  withCountedPosting,
} from '../../report/verdict.js';
import { formatVerdict } from '../../report/verdict-text.js';

export interface Sampled {
  plans: DomainPlan[];
  /** one for each plan; undefined for the first sample, and for a domain that does not run */
  verdicts: (DomainVerdict | undefined)[];
}

/** The verdicts on the domains that have one, for a terminal. */
export function verdictLines(plans: readonly DomainPlan[], verdicts: Sampled['verdicts'], columns: number): string {
  return plans.map((plan, index) => textOf(plan, verdicts[index], columns)).join('');
}

const textOf = (plan: DomainPlan, verdict: DomainVerdict | undefined, columns: number) =>
  verdict ? formatVerdict(plan, verdict, columns) : '';

/** Compares each sample of a host with the previous one. */
export class Sampler {
  #before: Sample | undefined;

  constructor(private readonly files: PseudoFs) {}

  /** Throws the errors of reading the host. */
  take(plans: readonly DomainPlan[], atMs: number): Sampled {
    const sets = plans.map((plan) => (isRunning(plan) ? (plan.vcpus.cpus ?? EMPTY) : EMPTY));
    const hasCpus = sets.some((set) => set.length > 0);
    const after: Sample = { plans, lines: hasCpus ? readInterruptLines(this.files, sets) : undefined, atMs };
    const before = this.#before;
    this.#before = after;
    if (!before) return { plans: [...plans], verdicts: [] };
    const counted = withCountedPosting(before.plans, plans);
    return { plans: counted, verdicts: verdictsBetween(before, { ...after, plans: counted }, this.#handlersOf) };
  }

  readonly #handlersOf = (irq: number): string[] => {
    try {
      return readHandlers(this.files, irq);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return [];
    }
  };
}
