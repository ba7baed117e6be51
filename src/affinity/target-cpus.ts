import type { VcpuCpus } from '../domain/auto-cpus.js';
import { type Cpuset, subtract } from '../domain/cpuset.js';
import { type PolicySettings, usableCpus } from '../domain/effective-policy.js';
import { type Locality, localCpus } from '../domain/locality.js';
import type { Policy } from '../domain/policy.js';
import type { Problem } from './problems.js';
import type { NoTarget } from './reason.js';

/** The CPUs that a device's interrupts are to have, never empty; or why none are to be written. */
export type TargetCpus = { problem?: Problem } & (
  | { cpus: Cpuset; reason?: never }
  | { cpus: undefined; reason: NoTarget }
);

/** What matters of a host for the target of one device. */
export interface TargetHost {
  /** those that the policy follows */
  vcpus: VcpuCpus;
  online: Cpuset;
  /** of the device; undefined: unknown, or it is not there */
  locality: Locality | undefined;
}

/**
 * What a policy comes to for one device of this host: only CPUs that are online and, if the host restricts them,
 * allowed; for auto, of these the ones on the device's node if there are any.
 */
export function targetCpus(
  policy: Policy | undefined,
  { vcpus, online, locality }: TargetHost,
  settings: PolicySettings,
): TargetCpus {
  if (!policy) return { cpus: undefined, reason: { code: 'cpuset-syntax' } };
  if (policy.kind === 'native') return { cpus: undefined, reason: { code: 'native' } };
  if (policy.kind === 'auto' && !vcpus.cpus) {
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
