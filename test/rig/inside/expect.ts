import * as assert from 'uvu/assert';
import { allInterrupts, interruptsOf, text } from './kernel-files.js';
import { eventually } from './wait.js';

/**
 * Waits until a device has so many vectors in the hands of VFIO, each with exactly this mask, and each delivered within
 * it.
 * @param cpus a CPU list as the kernel writes it
 */
export function isPlaced(address: string, vectors: number, cpus: string): Promise<void> {
  return eventually(() => assertPlaced(address, vectors, cpus));
}

export function assertPlaced(address: string, vectors: number, cpus: string): void {
  const interrupts = interruptsOf(address);
  const owners = interrupts.map(({ handlers }) => handlers.join()).filter((name) => !/^vfio-.*\(.*\)$/.test(name));
  assert.equal(owners, [], `${address} is not in the hands of VFIO alone`);
  const masks = interrupts.map(({ affinity }) => affinity);
  assert.equal(masks, Array(vectors).fill(cpus), `masks of ${address}`);
  const allowed = cpusIn(cpus);
  const strays = interrupts.filter(({ effective }) => !cpusIn(effective).every((cpu) => allowed.includes(cpu)));
  assert.equal(strays, [], `${address} is delivered elsewhere`);
}

/**
 * Waits until a device has so many vectors, with the masks that a kernel gives at birth: its node's CPUs, else the
 * default's.
 */
export async function isAsBorn(address: string, vectors: number): Promise<void> {
  const node = text(`/sys/bus/pci/devices/${address}/local_cpulist`);
  await isPlaced(address, vectors, text(`/sys/bus/pci/devices/${address}/numa_node`) === '-1' ? '0-3' : node);
}

/**
 * Everything on the host that is not VFIO's: number, handlers and masks, a line each.
 * @param except devices that change hands meanwhile
 */
export function othersOnTheHost(except: readonly string[] = []): string {
  const lines = [...allInterrupts()].flatMap(([irq, { masks, handlers }]) => {
    const not = handlers.startsWith('vfio-') || except.some((name) => handlers.includes(name));
    return not || handlers === '' ? [] : `${irq} ${handlers} ${masks}\n`;
  });
  return `${lines.sort().join('')}default ${text('/proc/irq/default_smp_affinity')}`;
}

/** CPUs of a kernel's CPU list. */
export function cpusIn(list: string): number[] {
  return list
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}
