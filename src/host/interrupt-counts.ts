import type { Files } from './files.js';

/** How often each CPU took an interrupt, by IRQ number: CPU numbers with a count above 0. */
export type InterruptCounts = Map<number, Record<string, number>>;

/** /proc/interrupts (kernel: kernel/irq/proc.c, show_interrupts): its first line names the online CPUs. */
export function readInterruptCounts(files: Files): InterruptCounts {
  const [header = '', ...rows] = (files.read('/proc/interrupts') ?? '').split('\n');
  const cpus = [...header.matchAll(/CPU(\d+)/g)].map((match) => match[1] as string);
  const counts: InterruptCounts = new Map();
  for (const row of rows) {
    const match = /^ *(\d+):((?: +\d+)*)/.exec(row);
    if (!match) continue;
    const numbers = (match[2] as string).trim().split(/ +/).map(Number);
    const perCpu: Record<string, number> = {};
    cpus.forEach((cpu, index) => {
      const count = numbers[index] ?? 0;
      if (count > 0) perCpu[cpu] = count;
    });
    counts.set(Number(match[1]), perCpu);
  }
  return counts;
}
