import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The kernel's data about an interrupt: CPU lists, names of handlers. Read independently of src/. */
export interface KernelInterrupt {
  irq: number;
  /** msi or msix as in msi_irqs; empty for the INTx line */
  type: string;
  affinity: string;
  effective: string;
  handlers: string[];
}

const PCI = '/sys/bus/pci/devices';

/** The interrupts of a PCI device that have a handler, by IRQ: those of msi_irqs, otherwise its INTx line. */
export function interruptsOf(address: string): KernelInterrupt[] {
  const numbers = numbersOf(address);
  const found = numbers.flatMap((irq) => readInterrupt(irq, text(`${PCI}/${address}/msi_irqs/${irq}`)) ?? []);
  if (found.length > 0) return found;
  const line = readInterrupt(Number(text(`${PCI}/${address}/irq`)), 'intx');
  return line ? [line] : [];
}

/** The IRQs in a device's msi_irqs, with or without a handler. */
export function numbersOf(address: string): number[] {
  return list(`${PCI}/${address}/msi_irqs`)
    .map(Number)
    .sort((one, other) => one - other);
}

/** Undefined without a handler: then it is not an interrupt yet, or not any more. */
export function readInterrupt(irq: number, type = ''): KernelInterrupt | undefined {
  const handlers = text(`/sys/kernel/irq/${irq}/actions`).split(',').filter(Boolean);
  const affinity = text(`/proc/irq/${irq}/smp_affinity_list`);
  if (handlers.length === 0 || affinity === '') return undefined;
  return { irq, type, handlers, affinity, effective: text(`/proc/irq/${irq}/effective_affinity_list`) };
}

/** Every interrupt of the host by IRQ: its masks and handlers as text. */
export function allInterrupts(): Map<number, { masks: string; handlers: string }> {
  const entries = list('/proc/irq')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return new Map(
    entries.map((irq) => {
      const masks = ['smp_affinity', 'effective_affinity'].map((name) => text(`/proc/irq/${irq}/${name}`)).join(' ');
      return [irq, { masks, handlers: text(`/sys/kernel/irq/${irq}/actions`) }];
    }),
  );
}

/** The name of the driver that a device is bound to, or ''. */
export function driverOf(address: string): string {
  try {
    return basename(readlinkSync(`${PCI}/${address}/driver`));
  } catch {
    return '';
  }
}

/** The text of a pseudo-file without its line end, or '' if it is missing. */
export function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
