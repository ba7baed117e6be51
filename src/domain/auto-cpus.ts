import { type Cpuset, isSubset } from './cpuset.js';
import type { VcpuPinning } from './vcpu-pinning.js';

/**
 * The CPUs of `auto`, and their source: QEMU's threads or the definition. Without CPUs, the reason: the vCPUs may run
 * on all online CPUs, or numad has not chosen yet.
 */
export type VcpuCpus = { source: 'threads' | 'definition' } & (
  | { cpus: Cpuset }
  | { cpus: undefined; because: 'unpinned' | 'numad' }
);

/**
 * @param threads of the running QEMU, if there is one. They take precedence: only they show numad's choice and `virsh
 * vcpupin --live`
 */
export function vcpuCpus(pinning: VcpuPinning, threads: { cpus: Cpuset } | undefined, online: Cpuset): VcpuCpus {
  const source = threads ? 'threads' : 'definition';
  const cpus = threads?.cpus ?? pinning.cpus;
  if (cpus && !isSubset(online, cpus)) return { source, cpus };
  const numad = !cpus && pinning.vcpus.some((vcpu) => vcpu.source === 'numad');
  return { source, cpus: undefined, because: numad ? 'numad' : 'unpinned' };
}
