import { type Cpuset, formatCpuset, intersect, subtract } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import type { Policy } from '../domain/policy.js';
import type { StatedPolicy } from '../domain/stated-policies.js';
import type { DeviceReport, Problem } from './report.js';
import type { VcpuCpus } from './vcpu-cpus.js';

/** What the host's administrator has a say in. */
export interface PlanSettings {
  /** for domains that state no default */
  default?: DefaultPolicy;
  /** interrupts go nowhere else, whatever a domain asks */
  allowedCpus?: Cpuset;
}

/** What holds for a device, and who says so. */
export interface PolicyInForce {
  /** undefined: stated, but illegible, which leaves the device alone */
  policy: Policy | undefined;
  origin: DeviceReport['origin'];
}

export function policyInForce(
  { device, policy }: StatedPolicy,
  { metadata }: Definition,
  settings: PlanSettings,
): PolicyInForce {
  if (policy || device.attribute) return { policy, origin: 'entry' };
  const domain = metadata[0]?.default;
  if (domain) return { policy: { kind: domain }, origin: 'domain-default' };
  return { policy: { kind: settings.default ?? 'native' }, origin: 'host-default' };
}

/** The set that a device's interrupts are to have, never empty, and its text; or why none is to be written. */
export type Wanted =
  | { cpus: Cpuset; list: string; problem?: Problem }
  | { cpus: undefined; reason: string; problem?: Problem };

/** What a policy comes to on this host: only CPUs that are online and, where the host restricts them, allowed. */
export function wantedCpus(
  policy: Policy | undefined,
  vcpus: VcpuCpus,
  online: Cpuset,
  allowed: Cpuset | undefined,
): Wanted {
  if (!policy) return { cpus: undefined, reason: 'its cpuset cannot be read' };
  if (policy.kind === 'native') return { cpus: undefined, reason: 'the policy is native' };
  if (policy.kind === 'auto' && !vcpus.cpus) {
    return { cpus: undefined, reason: vcpus.problem.message, problem: vcpus.problem };
  }
  const asked = policy.kind === 'cpuset' ? policy.set : (vcpus.cpus as Cpuset);
  const present = intersect(asked, online);
  const cpus = allowed ? intersect(present, allowed) : present;
  if (cpus.length > 0) {
    const left = subtract(asked, cpus);
    return { cpus, list: formatCpuset(cpus), ...(left.length > 0 ? { problem: leftOut(asked, left) } : {}) };
  }
  const reason = present.length > 0 ? 'none of its CPUs is among allowedCpus' : 'none of its CPUs is online';
  const message = `${formatCpuset(asked)}: ${reason}`;
  return { cpus: undefined, reason, problem: { rule: 'no-usable-cpu', severity: 'error', message } };
}

function leftOut(asked: Cpuset, left: Cpuset): Problem {
  const message = `CPU ${formatCpuset(left)} of ${formatCpuset(asked)} left out: not online, or not among allowedCpus`;
  return { rule: 'cpus-left-out', severity: 'note', message };
}
