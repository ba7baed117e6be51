import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatMask } from '../../src/domain/cpu-mask.js';
import { layOut, parseHostDescription, SimulatedKernel } from '../../src/host/simulated/index.js';

/** Lays out below `root` the host that a description (schemas/host.schema.json) has, for `--root`. */
export function layOutHost(description: string, root: string): void {
  layOut(new SimulatedKernel(parseHostDescription(description)), root);
}

/** The same with where each interrupt is delivered, as it is now: nothing moves it when a mask is written. */
export function layOutDelivered(description: string, root: string): void {
  const kernel = new SimulatedKernel(parseHostDescription(description));
  layOut(kernel, root);
  for (const { irq, effective } of kernel.interrupts.values()) {
    const folder = join(root, `proc/irq/${irq}`);
    if (existsSync(folder)) writeFileSync(join(folder, 'effective_affinity'), `${formatMask(effective)}\n`);
  }
}
