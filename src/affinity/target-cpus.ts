import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, formatCpuset, subtract } from '../domain/cpuset.js';
import { type PolicySettings, usableCpus } from '../domain/effective-policy.js';
import type { Policy } from '../domain/policy.js';
import type { Problem } from './report.js';

/** The set that a device's interrupts are to have, never empty, and its text; or why none is to be written. */
export type TargetCpus =
  | { cpus: Cpuset; list: string; problem?: Problem }
  | { cpus: undefined; reason: string; problem?: Problem };

/** What a policy comes to on this host: only CPUs that are online and, where the host restricts them, allowed. */
export function targetCpus(
  policy: Policy | undefined,
  vcpus: VcpuCpus,
  online: Cpuset,
  settings: PolicySettings,
): TargetCpus {
  if (!policy) return { cpus: undefined, reason: 'its cpuset cannot be read' };
  if (policy.kind === 'native') return { cpus: undefined, reason: 'the policy is native' };
  if (policy.kind === 'auto' && !vcpus.cpus) {
    const problem = NOTHING_TO_FOLLOW[vcpus.because];
    return { cpus: undefined, reason: problem.message, problem };
  }
  const asked = policy.kind === 'cpuset' ? policy.set : (vcpus.cpus as Cpuset);
  const { present, allowed: cpus } = usableCpus(asked, online, settings);
  if (cpus.length > 0) {
    const left = subtract(asked, cpus);
    return { cpus, list: formatCpuset(cpus), ...(left.length > 0 ? { problem: leftOut(asked, left) } : {}) };
  }
  const reason = present.length > 0 ? 'none of its CPUs is among allowedCpus' : 'none of its CPUs is online';
  const message = `${formatCpuset(asked)}: ${reason}`;
  return { cpus: undefined, reason, problem: { rule: 'no-usable-cpu', severity: 'error', message } };
}

const NOTHING_TO_FOLLOW: Record<'unpinned' | 'numad', Problem> = {
  numad: {
    rule: 'auto-unknown',
    severity: 'note',
    message: 'numad chooses the CPUs of the vCPUs when the domain starts',
  },
  unpinned: {
    rule: 'auto-unpinned',
    severity: 'warning',
    message: 'the vCPUs may run on every CPU, so there is nothing to follow',
  },
};

function leftOut(asked: Cpuset, left: Cpuset): Problem {
  const message = `CPU ${formatCpuset(left)} of ${formatCpuset(asked)} left out: not online, or not among allowedCpus`;
  return { rule: 'cpus-left-out', severity: 'note', message };
}
