import { type Cpuset, cpusetOf, cpusOf, EMPTY } from './cpuset.js';

/**
 * Formats a set as /proc/irq/N/smp_affinity: hex, 32 bits per group, highest CPUs first (kernel: lib/bitmap.c, %*pb).
 * Empty set: '00000000'.
 */
export function formatMask(set: Cpuset): string {
  const highest = set.at(-1)?.last ?? 0;
  const groups = new Uint32Array((highest >> 5) + 1);
  for (const cpu of cpusOf(set)) groups[cpu >> 5] = (groups[cpu >> 5] as number) | (1 << (cpu & 31));
  return [...groups]
    .reverse()
    .map((group) => group.toString(16).padStart(8, '0'))
    .join(',');
}

/** Parses a mask as the kernel prints or accepts it (hex digits in either case). Undefined for any other text. */
export function parseMask(text: string): Cpuset | undefined {
  if (!/^[0-9a-f]{1,8}(,[0-9a-f]{8})*\n?$/i.test(text)) return undefined;
  const cpus: number[] = [];
  const groups = text.trim().split(',').reverse();
  groups.forEach((group, index) => {
    const bits = Number.parseInt(group, 16);
    for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) cpus.push(index * 32 + bit);
  });
  return cpusetOf(cpus);
}

/**
 * Parses a CPU list as the kernel prints it (`0-3,8`; an empty line is the empty set). Undefined for any other text.
 */
export function parseCpuList(text: string): Cpuset | undefined {
  const list = text.trim();
  if (list === '') return EMPTY;
  const cpus: number[] = [];
  for (const item of list.split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(item);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (last < first) return undefined;
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpusetOf(cpus);
}
