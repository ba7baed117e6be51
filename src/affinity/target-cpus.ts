import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, subtract } from '../domain/cpuset.js';
import { type PolicySettings, usableCpus } from '../domain/effective-policy.js';
import type { Policy } from '../domain/policy.js';
import type { Problem } from './problems.js';
import type { NoTarget } from './reason.js';

/** The CPUs that a device's interrupts are to have, never empty; or why none are to be written. */
export type TargetCpus = { cpus: Cpuset; problem?: Problem } | { cpus: undefined; reason: NoTarget; problem?: Problem };

/** What a policy comes to on this host: only CPUs that are online and, if the host restricts them, allowed. */
export function targetCpus(
  policy: Policy | undefined,
  vcpus: VcpuCpus,
  online: Cpuset,
  settings: PolicySettings,
): TargetCpus {
  if (!policy) return { cpus: undefined, reason: { code: 'cpuset-syntax' } };
  if (policy.kind === 'native') return { cpus: undefined, reason: { code: 'native' } };
  if (policy.kind === 'auto' && !vcpus.cpus) {
    const rule = vcpus.because === 'numad' ? 'auto-unknown' : 'auto-unpinned';
    return { cpus: undefined, reason: { code: rule }, problem: { rule } };
  }
  const asked = policy.kind === 'cpuset' ? policy.set : (vcpus.cpus as Cpuset);
  const { present, allowed: cpus } = usableCpus(asked, online, settings);
  if (cpus.length > 0) {
    const left = subtract(asked, cpus);
    return left.length > 0 ? { cpus, problem: { rule: 'cpus-left-out', asked, left } } : { cpus };
  }
  const because = present.length > 0 ? 'none-allowed' : 'none-online';
  return { cpus: undefined, reason: { code: because }, problem: { rule: 'no-usable-cpu', asked, because } };
}
