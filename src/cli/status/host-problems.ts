import type { DomainPlan } from '../../affinity/domain-plan.js';
import { FileError } from '../../host/pseudo-fs.js';
import type { RealFs } from '../../host/real-fs.js';
import { irqbalanceProblem } from '../../install/irqbalance-unit.js';
import { printable } from '../../lib/printable.js';
import type { ProblemReport } from '../../report/problem-report.js';
import { type WatcherStatus, watcherPid } from '../../runtime/watcher-status.js';

interface Seen {
  root: string | undefined;
  userId: number | undefined;
  watcher: WatcherStatus | null;
  plans: readonly DomainPlan[];
  /** domains whose definitions have errors that their plans do not report */
  invalid: readonly string[];
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
  else if (watcher === null) {
    const pid = watcherPid(root);
    if (pid !== undefined) add('watcher-unknown', 'warning', unknownWatcher(pid));
    else if (plans.some(hasPolicy)) add('no-watcher', 'warning', NO_WATCHER);
  }
  const irqbalance = irqbalanceText(files);
  if (irqbalance) add('irqbalance-policy', 'warning', irqbalance);
  if (areSomeUnseen) add('processes-unreadable', 'note', 'not every process can be read: guests may be missing');
  for (const name of invalid) add('definition-invalid', 'error', `the definition of ${name} has errors`);
  return problems;
}

const NO_WATCHER = 'no watcher runs: interrupts that appear from now on are not placed';
const unknownWatcher = (pid: number) =>
  `a watcher runs (process ${pid}), but its state is unknown: its file watch.json cannot be read`;

/** What is said if there is no status of a watcher. */
export function missingWatcherText(root: string | undefined): string {
  const pid = watcherPid(root);
  return pid === undefined ? NO_WATCHER : unknownWatcher(pid);
}

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
