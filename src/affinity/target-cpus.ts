import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, subtract } from '../domain/cpuset.js';
import { type PolicySettings, usableCpus } from '../domain/effective-policy.js';
import { type Locality, localCpus } from '../domain/locality.js';
import type { Policy } from '../domain/policy.js';
import type { Problem } from './problems.js';
import type { NoTarget } from './reason.js';

/** The CPUs for a device's interrupts, never empty; or why none are to be written. */
export type TargetCpus = { problem?: Problem } & (
  | { cpus: Cpuset; reason?: never }
  | { cpus: undefined; reason: NoTarget }
);

/** The part of the host's state that one device's target depends on. */
export interface TargetHost {
  /** those that the policy follows */
  vcpus: VcpuCpus;
  online: Cpuset;
  /** of the device; undefined: unknown, or the device does not exist */
  locality: Locality | undefined;
}

/**
 * The target of a policy for one device on this host. Only CPUs that are online and, if the host restricts them,
 * allowed; for auto, the ones of these on the device's node, if there are any.
 */
export function targetCpus(
  policy: Policy | undefined,
  { vcpus, online, locality }: TargetHost,
  settings: PolicySettings,
): TargetCpus {
  if (!policy) return { cpus: undefined, reason: { code: 'cpuset-syntax' } };
  if (policy.kind === 'native') return { cpus: undefined, reason: { code: 'native' } };
  if (policy.kind === 'auto' && !vcpus.cpus) {
    // the domain has the problem
    if (vcpus.because === 'unseen') return { cpus: undefined, reason: { code: 'vcpus-unseen' } };
    const rule = vcpus.because === 'numad' ? 'auto-unknown' : 'auto-unpinned';
    return { cpus: undefined, reason: { code: rule }, problem: { rule } };
  }
  if (policy.kind === 'auto' && policy.vcpus && vcpus.cpus?.length === 0) {
    const problem: Problem = { rule: 'vcpus-unknown', vcpus: policy.vcpus };
    return { cpus: undefined, reason: { code: 'vcpus-unknown' }, problem };
  }
  const asked = policy.kind === 'cpuset' ? policy.set : (vcpus.cpus as Cpuset);
  const { present, allowed } = usableCpus(asked, online, settings);
  if (allowed.length > 0) {
    const cpus = localCpus(policy, allowed, locality, settings.locality);
    const left = subtract(asked, allowed);
    return left.length > 0 ? { cpus, problem: { rule: 'cpus-left-out', asked, left } } : { cpus };
  }
  const because = present.length > 0 ? 'none-allowed' : 'none-online';
  return { cpus: undefined, reason: { code: because }, problem: { rule: 'no-usable-cpu', asked, because } };
}
