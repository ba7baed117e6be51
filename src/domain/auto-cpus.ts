import { type Cpuset, has, isSubset } from './cpuset.js';
import { unionOfAll, type VcpuPinning } from './vcpu-pinning.js';

/**
 * The CPUs of `auto`, and their source: QEMU's threads or the definition. Without CPUs, the reason: a vCPU may run on
 * all online CPUs, numad has not chosen yet, or nothing tells where they are.
 */
export type VcpuCpus = { source: 'threads' | 'definition' } & (
  | { cpus: Cpuset }
  | { cpus: undefined; because: 'unpinned' | 'numad' | 'unseen' }
);

/**
 * @param threads of the running QEMU, if there is one. They take precedence: only they show numad's choice and `virsh
 *   vcpupin --live`. Without thread names they show nothing (`cpus` is undefined); one thread may run all vCPUs
 *   (`threads` is empty)
 * @param only only these vCPUs are considered (the policy's `vcpus`); null: all
 */
export function vcpuCpus(
  pinning: Pick<VcpuPinning, 'cpus' | 'vcpus'>,
  threads: VcpuThreadCpus | undefined,
  online: Cpuset,
  only: Cpuset | null = null,
): VcpuCpus {
  const source = threads?.cpus ? 'threads' : 'definition';
  const named = threads?.threads ?? [];
  const all = threads?.cpus ?? pinning.cpus;
  const each: readonly { vcpu: number; cpus?: Cpuset }[] = source === 'threads' ? named : pinning.vcpus;
  const counted = only ? each.filter(({ vcpu }) => has(only, vcpu)) : each;
  const isOfSome = only && (source === 'definition' || named.length > 0);
  const cpus = isOfSome ? unionOfAll(counted.map((one) => one.cpus)) : all;
  if (cpus && !isAnywhere(cpus, counted, online)) return { source, cpus };
  // a guest that was found as a process, whose threads have no names
  if (!cpus && source === 'definition' && pinning.vcpus.length === 0) return { source, cpus, because: 'unseen' };
  const numad = !cpus && pinning.vcpus.some((vcpu) => vcpu.source === 'numad' && (!only || has(only, vcpu.vcpu)));
  return { source, cpus: undefined, because: numad ? 'numad' : 'unpinned' };
}

/** The CPUs of QEMU's vCPU threads: of each thread, and of all. */
interface VcpuThreadCpus {
  threads: readonly { vcpu: number; cpus: Cpuset }[];
  cpus: Cpuset | undefined;
}

/**
 * Whether a vCPU may run on every online CPU. vCPUs that are pinned to CPUs of their own are pinned, even if together
 * they have all CPUs of the host.
 * @param cpus of all these vCPUs
 */
function isAnywhere(cpus: Cpuset, vcpus: readonly { cpus?: Cpuset }[], online: Cpuset): boolean {
  if (!isSubset(online, cpus)) return false;
  return vcpus.length === 0 || vcpus.some((one) => isSubset(online, one.cpus ?? cpus));
}
