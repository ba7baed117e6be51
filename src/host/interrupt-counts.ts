import { parseCpuList } from '../domain/cpu-mask.js';
import { cpusOf } from '../domain/cpuset.js';
import type { PseudoFs } from './pseudo-fs.js';

/** How often each CPU took an interrupt, by IRQ number: CPU numbers with a count above 0. */
export type InterruptCounts = Map<number, Record<string, number>>;

/**
 * The counts of these interrupts. /proc/interrupts has a column per CPU and a line per interrupt of the host, which is
 * megabytes on a large host: it is read only if /sys/kernel/irq/N/per_cpu_count cannot be used.
 * @param useTable false: then it is not read either, and these counts are missing
 */
export function readInterruptCounts(files: PseudoFs, irqs: Iterable<number>, useTable = true): InterruptCounts {
  const possible = [...cpusOf(parseCpuList(files.read('/sys/devices/system/cpu/possible') ?? '') ?? [])];
  const counts: InterruptCounts = new Map();
  const missing = new Set<number>();
  for (const irq of irqs) {
    const own = readPerCpuCount(files, irq, possible);
    if (own) counts.set(irq, own);
    else missing.add(irq);
  }
  if (missing.size > 0 && useTable) readProcInterrupts(files, missing, counts);
  return counts;
}

/**
 * One number for each possible CPU (kernel: kernel/irq/irqdesc.c, per_cpu_count_show). The file has at most a page:
 * without a final newline it is incomplete.
 */
function readPerCpuCount(
  files: PseudoFs,
  irq: number,
  possible: readonly number[],
): Record<string, number> | undefined {
  const text = files.read(`/sys/kernel/irq/${irq}/per_cpu_count`);
  if (text === undefined || !/^\d+(,\d+)*\n$/.test(text)) return undefined;
  const numbers = text.trim().split(',');
  return numbers.length === possible.length ? countsAbove0(possible, numbers) : undefined;
}

/** Reads /proc/interrupts (kernel: kernel/irq/proc.c, show_interrupts). Its first line names the online CPUs. */
function readProcInterrupts(files: PseudoFs, irqs: ReadonlySet<number>, counts: InterruptCounts): void {
  const [header = '', ...rows] = (files.read('/proc/interrupts') ?? '').split('\n');
  const cpus = [...header.matchAll(/CPU(\d+)/g)].map((match) => Number(match[1]));
  for (const row of rows) {
    const irq = Number(/^ *(\d+):/.exec(row)?.[1] ?? Number.NaN);
    if (!irqs.has(irq)) continue;
    const numbers = /^ *\d+:((?: +\d+)*)/.exec(row)?.[1]?.trim().split(/ +/) ?? [];
    counts.set(irq, countsAbove0(cpus, numbers));
  }
}

function countsAbove0(cpus: readonly number[], numbers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  cpus.forEach((cpu, index) => {
    const count = numbers[index] ?? '0';
    if (count !== '0') counts[cpu] = Number(count);
  });
  return counts;
}
