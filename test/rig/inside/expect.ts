import * as assert from 'uvu/assert';
import { allInterrupts, interruptsOf, text } from './kernel-files.js';
import { eventually } from './wait.js';

/**
 * Waits until a device has this many vectors with a VFIO handler, each with exactly this mask and delivered within it.
 * @param cpus a CPU list in the kernel's format
 */
export function isPlaced(address: string, vectors: number, cpus: string): Promise<void> {
  return eventually(() => assertPlaced(address, vectors, cpus));
}

export function assertPlaced(address: string, vectors: number, cpus: string): void {
  const interrupts = interruptsOf(address);
  const owners = interrupts.map(({ handlers }) => handlers.join()).filter((name) => !/^vfio-.*\(.*\)$/.test(name));
  assert.equal(owners, [], `${address} has handlers other than VFIO's`);
  const masks = interrupts.map(({ affinity }) => affinity);
  assert.equal(masks, Array(vectors).fill(cpus), `masks of ${address}`);
  const allowed = cpusIn(cpus);
  const strays = interrupts.filter(({ effective }) => !cpusIn(effective).every((cpu) => allowed.includes(cpu)));
  assert.equal(strays, [], `${address} is delivered outside the mask`);
}

/**
 * Waits until a device has this many vectors with the kernel's initial masks: its node's CPUs, otherwise the default
 * affinity.
 */
export async function isAsBorn(address: string, vectors: number): Promise<void> {
  const node = text(`/sys/bus/pci/devices/${address}/local_cpulist`);
  await isPlaced(address, vectors, text(`/sys/bus/pci/devices/${address}/numa_node`) === '-1' ? '0-3' : node);
}

/**
 * Everything on the host that is not VFIO's: one line with IRQ, handlers and masks each.
 * @param except devices whose driver changes meanwhile
 */
export function othersOnTheHost(except: readonly string[] = []): string {
  const lines = [...allInterrupts()].flatMap(([irq, { masks, handlers }]) => {
    const not = handlers.startsWith('vfio-') || except.some((name) => handlers.includes(name));
    return not || handlers === '' ? [] : `${irq} ${handlers} ${masks}\n`;
  });
  return `${lines.sort().join('')}default ${text('/proc/irq/default_smp_affinity')}`;
}

/** The CPUs of a kernel CPU list. */
export function cpusIn(list: string): number[] {
  return list
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}
