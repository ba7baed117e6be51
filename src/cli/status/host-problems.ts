import type { DomainPlan } from '../../affinity/domain-plan.js';
import { FileError } from '../../host/pseudo-fs.js';
import type { RealFs } from '../../host/real-fs.js';
import { irqbalanceProblem } from '../../install/irqbalance-unit.js';
import { printable } from '../../lib/printable.js';
import type { ProblemReport } from '../../report/problem-report.js';
import type { WatcherStatus } from '../../runtime/watcher-status.js';

interface Seen {
  root: string | undefined;
  userId: number | undefined;
  watcher: WatcherStatus | null;
  plans: readonly DomainPlan[];
  /** number of definitions with errors */
  invalid: number;
  /** not every process could be read: guests may be missing */
  areSomeUnseen: boolean;
}

/** What `status` and its JSON say of the host as a whole. */
export function hostProblems(
  files: RealFs,
  { root, userId, watcher, plans, invalid, areSomeUnseen }: Seen,
): ProblemReport[] {
  const problems: ProblemReport[] = [];
  const add = (rule: string, severity: ProblemReport['severity'], message: string) =>
    problems.push({ rule, severity, message: printable(message) });
  if (root === undefined && userId !== 0) add('watcher-unseen', 'note', 'only root can see whether a watcher runs');
  else if (watcher === null && plans.some(hasPolicy)) add('no-watcher', 'warning', NO_WATCHER);
  const irqbalance = irqbalanceText(files);
  if (irqbalance) add('irqbalance-policy', 'warning', irqbalance);
  if (areSomeUnseen) add('processes-unreadable', 'note', 'not every process can be read: guests may be missing');
  if (invalid > 0)
    add('definition-invalid', 'error', `${invalid} definition${invalid === 1 ? ' has' : 's have'} errors`);
  return problems;
}

export const NO_WATCHER = 'no watcher runs: interrupts that appear from now on are not placed';

/** A line if irqbalance does not use the installed policy script; otherwise undefined. */
export function irqbalanceText(files: RealFs): string | undefined {
  try {
    return irqbalanceProblem(files);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined; // hidepid
  }
}

/** A watcher that a hook has started exits if no domain has a policy. */
const hasPolicy = ({ devices }: DomainPlan) => devices.some(({ policy }) => policy !== 'native');
