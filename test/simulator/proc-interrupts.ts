import { cpusOf } from '../../src/domain/cpuset.js';
import type { SimulatedKernel } from './kernel.js';
import type { SimulatedInterrupt } from './vector-allocator.js';

/** Names of interrupt controllers on x86. */
export const CHIPS = { msix: 'PCI-MSIX', msi: 'PCI-MSI', intx: 'IO-APIC' } as const;

/**
 * /proc/interrupts: one line per interrupt that has a handler or a count (kernel: kernel/irq/proc.c, show_interrupts).
 */
export function interruptTable(kernel: SimulatedKernel): string {
  const online = [...cpusOf(kernel.online)];
  const shown = [...kernel.interrupts.values()]
    .filter(({ handlers, counts }) => handlers.length > 0 || Object.keys(counts).length > 0)
    .sort((a, b) => a.irq - b.irq);
  const width = Math.max(3, `${shown.at(-1)?.irq ?? 0}`.length);
  const header = `${' '.repeat(width + 8)}${online.map((cpu) => `CPU${`${cpu}`.padEnd(8)}`).join('')}`;
  return `${[header, ...shown.map((interrupt) => row(interrupt, online, width))].join('\n')}\n`;
}

function row({ irq, type, counts, handlers }: SimulatedInterrupt, online: readonly number[], width: number): string {
  const numbers = online.map((cpu) => ` ${`${counts[cpu] ?? 0}`.padStart(10)}`).join('');
  const names = handlers.length > 0 ? `      ${handlers.join(', ')}` : '';
  return `${`${irq}`.padStart(width)}:${numbers} ${CHIPS[type].padStart(8)}   0-edge${names}`;
}
