import { type Cpuset, isSubset } from './cpuset.js';
import type { VcpuPinning } from './vcpu-pinning.js';

/** What `auto` comes to, what that was learned from, and where it comes to nothing, why: anywhere, or numad is to choose. */
export type VcpuCpus = { source: 'threads' | 'definition' } & (
  | { cpus: Cpuset }
  | { cpus: undefined; because: 'unpinned' | 'numad' }
);

/**
 * @param threads of the running QEMU, where there is one: they are the truth, for numad's choice and `virsh vcpupin --live` show
 * there alone
 */
export function vcpuCpus(pinning: VcpuPinning, threads: { cpus: Cpuset } | undefined, online: Cpuset): VcpuCpus {
  const source = threads ? 'threads' : 'definition';
  const cpus = threads?.cpus ?? pinning.cpus;
  if (cpus && !isSubset(online, cpus)) return { source, cpus };
  const numad = !cpus && pinning.vcpus.some((vcpu) => vcpu.source === 'numad');
  return { source, cpus: undefined, because: numad ? 'numad' : 'unpinned' };
}
