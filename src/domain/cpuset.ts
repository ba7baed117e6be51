/** CPUs from `first` to `last`, both included. */
export interface CpuRange {
  readonly first: number;
  readonly last: number;
}

/** A set of CPU numbers: ascending ranges that neither overlap nor touch. The empty set is []. */
export type Cpuset = readonly CpuRange[];

/** Highest CPU number that libvirt accepts (VIR_DOMAIN_CPUMASK_LEN - 1). */
export const MAX_CPU = 16383;

export const EMPTY: Cpuset = [];

/** The set of these CPUs, in any order. */
export function cpusetOf(cpus: Iterable<number>): Cpuset {
  const ranges: { first: number; last: number }[] = [];
  for (const cpu of [...cpus].sort((a, b) => a - b)) {
    const previous = ranges.at(-1);
    if (previous && cpu <= previous.last + 1) previous.last = cpu;
    else ranges.push({ first: cpu, last: cpu });
  }
  return ranges;
}

/** Its CPUs, ascending. */
export function* cpusOf(set: Cpuset): Generator<number> {
  for (const { first, last } of set) for (let cpu = first; cpu <= last; cpu++) yield cpu;
}

export function size(set: Cpuset): number {
  return set.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function has(set: Cpuset, cpu: number): boolean {
  return set.some(({ first, last }) => first <= cpu && cpu <= last);
}

export function union(...sets: Cpuset[]): CpuRange[] {
  const merged: { first: number; last: number }[] = [];
  let previous: { first: number; last: number } | undefined;
  for (const { first, last } of sets.flat().sort((a, b) => a.first - b.first)) {
    if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
    else {
      previous = { first, last };
      merged.push(previous);
    }
  }
  return merged;
}

export function intersect(a: Cpuset, b: Cpuset): Cpuset {
  const common: CpuRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i] as CpuRange;
    const y = b[j] as CpuRange;
    const first = Math.max(x.first, y.first);
    const last = Math.min(x.last, y.last);
    if (first <= last) common.push({ first, last });
    if (x.last < y.last) i++;
    else j++;
  }
  return common;
}

/** The CPUs of `a` that are not in `b`. */
export function subtract(a: Cpuset, b: Cpuset): Cpuset {
  const left: CpuRange[] = [];
  for (const range of a) {
    let first = range.first;
    for (const hole of b) {
      if (hole.last < first) continue;
      if (hole.first > range.last) break;
      if (hole.first > first) left.push({ first, last: hole.first - 1 });
      first = hole.last + 1;
    }
    if (first <= range.last) left.push({ first, last: range.last });
  }
  return left;
}

/** An absent set equals no other set, not even another absent one. */
export function equal(a: Cpuset | null | undefined, b: Cpuset | null | undefined): boolean {
  if (!a || !b || a.length !== b.length) return false;
  return a === b || a.every(({ first, last }, index) => first === b[index]?.first && last === b[index]?.last);
}

/** Ranges of a set do not touch, so each range of a subset is within one of them. */
export function isSubset(a: Cpuset, b: Cpuset): boolean {
  let index = 0;
  for (const { first, last } of a) {
    while ((b[index]?.last ?? first) < first) index++;
    const range = b[index];
    if (!range || range.first > first || range.last < last) return false;
  }
  return true;
}

/** libvirt's canonical text, also the kernel's CPU list: sorted, merged, `0-1` for two adjacent CPUs. Empty set: ''. */
export function formatCpuset(set: Cpuset): string {
  return set.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
