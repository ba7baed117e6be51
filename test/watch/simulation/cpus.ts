import type { CpuRange } from '../../../src/domain/cpuset.js';

/** A set of CPUs of the simulated host: CPU n is bit n. Not the product's sets, so that a mistake in those shows. */
export type Cpus = number;

export const CPUS = 16;
export const ALL: Cpus = 2 ** CPUS - 1;

/** The same lists are asked for again and again. */
const lists = new Map<string, Cpus>();

/** Of a CPU list such as `0-3,8`. */
export function cpusOfList(list: string): Cpus {
  let cpus = lists.get(list);
  if (cpus !== undefined) return cpus;
  cpus = 0;
  for (const item of list.split(',')) {
    const [first = 0, last = first] = item.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu++) cpus |= 1 << cpu;
  }
  lists.set(list, cpus);
  return cpus;
}

/** Of a set of the simulated kernel. */
export function cpusOfRanges(ranges: readonly CpuRange[]): Cpus {
  let cpus = 0;
  for (const { first, last } of ranges) for (let cpu = first; cpu <= last; cpu++) cpus |= 1 << cpu;
  return cpus;
}

/** Of the text that is written to smp_affinity. */
export function cpusOfMask(text: string): Cpus {
  return Number.parseInt(text, 16);
}

export function listOf(cpus: Cpus): string {
  const numbers = Array.from({ length: CPUS }, (_, cpu) => cpu).filter((cpu) => cpus & (1 << cpu));
  return numbers.length > 0 ? numbers.join(',') : 'no CPU';
}

export const isWithin = (inner: Cpus, outer: Cpus) => (inner & ~outer) === 0;
