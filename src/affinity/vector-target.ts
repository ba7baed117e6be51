import { type Cpuset, cpusOf, EMPTY, has, intersect, subtract, union } from '../domain/cpuset.js';
import type { Policy } from '../domain/policy.js';
import type { InterruptType } from '../host/pci-device.js';

/** The CPUs of one vector, never empty unless the set is; `vcpu`: they are those of this vCPU. */
export interface VectorTarget {
  cpus: Cpuset;
  vcpu: number | null;
}

/** A policy that gives interrupts CPUs. */
export type PlacingPolicy = Exclude<Policy, { kind: 'native' }>;

/** How the vectors of a device are divided. */
export interface Spread {
  /** from spreadTargets(); empty: each vector gets the whole set */
  targets: readonly VectorTarget[];
  /** this many vectors, from the first on, get the whole set */
  controlVectors: number;
}

/** The input of spreading, besides the policy and its set. */
export interface SpreadBasis {
  /** the vCPUs that are online, in any order, each with its CPUs; absent: all */
  vcpus: readonly { vcpu: number; cpus?: Cpuset }[];
  /** the threads of each core; a CPU that is in none of them counts as a core of its own */
  cores: readonly Cpuset[];
}

/** A vector of a device. */
export interface Vector {
  type: InterruptType;
  /** the K of `vfio-msix[K]`; null: not a vector, or unknown */
  vector: number | null;
  /** number of vectors of the device */
  count: number;
}

/**
 * The targets among which `spread` divides the vectors, in order; empty without spread. With auto: the CPUs of each
 * vCPU, by vCPU number. With a cpuset: its CPUs one by one, first the first thread of each core, then the others.
 * @param set the policy's CPUs on this host: online, allowed, and, if locality requires it, on the device's node
 */
export function spreadTargets(policy: PlacingPolicy, set: Cpuset, { vcpus, cores }: SpreadBasis): VectorTarget[] {
  if (!policy.spread) return [];
  if (policy.kind === 'cpuset') return cpusByCore(set, cores).map((cpu) => ({ cpus: oneCpu(cpu), vcpu: null }));
  const { vcpus: counted } = policy;
  return vcpus
    .filter(({ vcpu }) => !counted || has(counted, vcpu))
    .map(({ vcpu, cpus }) => ({ vcpu, cpus: cpus ? intersect(cpus, set) : set }))
    .filter(({ cpus }) => cpus.length > 0)
    .sort((a, b) => a.vcpu - b.vcpu);
}

/**
 * The target of a vector. It depends on the vector's number alone, so it is the same after each reboot. Control
 * vectors, a single vector, MSI and a legacy line get the whole set.
 * @param set the policy's CPUs on this host
 * @param spread of the same policy and set; null: the policy does not spread
 */
export function vectorTarget(set: Cpuset, spread: Spread | null, { type, vector, count }: Vector): VectorTarget {
  const { targets, controlVectors } = spread ?? NOT_SPREAD;
  const isSpread = type === 'msix' && count > 1 && vector !== null && vector >= controlVectors;
  const target = isSpread ? targets[(vector - controlVectors) % targets.length] : undefined;
  return target ?? { cpus: set, vcpu: null };
}

const NOT_SPREAD: Spread = { targets: [], controlVectors: 0 };

/** The rest of the set, for a vector whose target has no free vector. Empty if the target is the whole set. */
export function restOfSet({ wanted, target }: { wanted: Cpuset | null; target: Cpuset | null }): Cpuset {
  return wanted && target ? subtract(wanted, target) : EMPTY;
}

/** The first thread of each core in the set, by number; then the second ones, in the order of the cores; and so on. */
function cpusByCore(set: Cpuset, cores: readonly Cpuset[]): number[] {
  const inSet = cores.map((core) => [...cpusOf(intersect(core, set))]);
  const alone = [...cpusOf(subtract(set, union(...cores)))].map((cpu) => [cpu]);
  const threads = [...inSet, ...alone].filter(([first]) => first !== undefined);
  threads.sort(([a = 0], [b = 0]) => a - b);
  const rounds = threads.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rounds }, (_, round) => threads.flatMap((core) => core[round] ?? [])).flat();
}

function oneCpu(cpu: number): Cpuset {
  return [{ first: cpu, last: cpu }];
}
