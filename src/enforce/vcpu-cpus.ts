import { type Cpuset, isSubset } from '../domain/cpuset.js';
import type { Placement } from '../domain/placement.js';
import type { VcpuThreads } from '../host/qemu-threads.js';
import type { Problem } from './report.js';

/** What `auto` comes to: CPUs, or why there are none. */
export type VcpuCpus =
  | { cpus: Cpuset; source: 'threads' | 'definition' }
  | { cpus: undefined; source: 'threads' | 'definition'; problem: Problem };

/** The threads of the running QEMU are the truth: numad's choice and `virsh vcpupin --live` show there alone. */
export function vcpuCpus(placement: Placement, threads: VcpuThreads | undefined, online: Cpuset): VcpuCpus {
  const source = threads ? 'threads' : 'definition';
  const cpus = threads?.cpus ?? placement.cpus;
  if (cpus && !isSubset(online, cpus)) return { cpus, source };
  const numad = !cpus && placement.vcpus.some((vcpu) => vcpu.source === 'numad');
  return { cpus: undefined, source, problem: numad ? UNKNOWN : UNPINNED };
}

const UNKNOWN: Problem = {
  rule: 'auto-unknown',
  severity: 'note',
  message: 'numad chooses the CPUs of the vCPUs when the domain starts',
};

const UNPINNED: Problem = {
  rule: 'auto-unpinned',
  severity: 'warning',
  message: 'the vCPUs may run on every CPU, so there is nothing to follow',
};
