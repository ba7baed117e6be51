import { layOut, parseHostDescription, SimulatedKernel } from '../../src/host/simulated/index.js';

/** Lays out below `root` the host that a description (schemas/host.schema.json) has, for `--root`. */
export function layOutHost(description: string, root: string): void {
  layOut(new SimulatedKernel(parseHostDescription(description)), root);
}

/** The same with where each interrupt is delivered, as it is now: nothing moves it when a mask is written, but scripts/simulated-kernel.cjs. */
export function layOutDelivered(description: string, root: string): void {
  layOut(new SimulatedKernel(parseHostDescription(description)), root, { delivered: true });
}
