import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * What the kernel says of an interrupt, in its own words: CPU lists, names of handlers. Read by the rig's own means.
 */
export interface KernelInterrupt {
  irq: number;
  /** msi or msix as in msi_irqs; the legacy line has neither */
  type: string;
  affinity: string;
  effective: string;
  handlers: string[];
}

const PCI = '/sys/bus/pci/devices';

/** Interrupts of a PCI device that have a handler, by number: those of msi_irqs, else its legacy line. */
export function interruptsOf(address: string): KernelInterrupt[] {
  const numbers = numbersOf(address);
  const found = numbers.flatMap((irq) => readInterrupt(irq, text(`${PCI}/${address}/msi_irqs/${irq}`)) ?? []);
  if (found.length > 0) return found;
  const line = readInterrupt(Number(text(`${PCI}/${address}/irq`)), 'intx');
  return line ? [line] : [];
}

/** The numbers that a device's msi_irqs names, whether or not there is anything behind them. */
export function numbersOf(address: string): number[] {
  return list(`${PCI}/${address}/msi_irqs`)
    .map(Number)
    .sort((one, other) => one - other);
}

/** Undefined where nothing handles it: then it is no interrupt yet, or no more. */
export function readInterrupt(irq: number, type = ''): KernelInterrupt | undefined {
  const handlers = text(`/sys/kernel/irq/${irq}/actions`).split(',').filter(Boolean);
  const affinity = text(`/proc/irq/${irq}/smp_affinity_list`);
  if (handlers.length === 0 || affinity === '') return undefined;
  return { irq, type, handlers, affinity, effective: text(`/proc/irq/${irq}/effective_affinity_list`) };
}

/** Every interrupt of the host: number -> its masks and handlers, to the byte. */
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

/** The name of the driver that a device is bound to, '' for none. */
export function driverOf(address: string): string {
  try {
    return basename(readlinkSync(`${PCI}/${address}/driver`));
  } catch {
    return '';
  }
}

/** A pseudo-file's text without its line end; '' where it is not there, or went away. */
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
