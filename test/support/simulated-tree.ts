import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHostDescription, SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from './cli.js';
import { TemporaryFolder } from './temporary-folder.js';

/** Lays out below `root` the host that a description (schemas/host.schema.json) has, for `--root`. */
export function layOutHost(description: string, root: string): void {
  writeTree(new SimulatedKernel(parseHostDescription(description)), root);
}

/**
 * The same with where each interrupt is delivered, as it is now: nothing moves it when a mask is written, but
 * scripts/simulated-kernel.cjs.
 */
export function layOutDelivered(description: string, root: string): void {
  writeTree(new SimulatedKernel(parseHostDescription(description)), root, { delivered: true });
}

/** The workstation of samples/hosts, in the folder `host` of a temporary one. */
export class Workstation extends TemporaryFolder {
  readonly root = this.join('host');

  constructor() {
    super();
    layOutHost(readFileSync(join(projectRoot, 'samples/hosts/workstation.json'), 'utf8'), this.root);
  }
}
