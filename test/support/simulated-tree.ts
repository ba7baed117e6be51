import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHostDescription, SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from './cli.js';
import { TemporaryFolder } from './temporary-folder.js';

/** Writes the host of a description (schemas/host.schema.json) as a directory tree below `root`, for `--root`. */
export function layOutHost(description: string, root: string): void {
  writeTree(new SimulatedKernel(parseHostDescription(description)), root);
}

/**
 * The same, including the current effective affinities. A write to a mask does not change them, except with
 * scripts/simulated-kernel.cjs.
 */
export function layOutDelivered(description: string, root: string): void {
  writeTree(new SimulatedKernel(parseHostDescription(description)), root, { delivered: true });
}

/** The workstation of samples/hosts, in the subdirectory `host`. */
export class Workstation extends TemporaryFolder {
  readonly root = this.join('host');

  constructor() {
    super();
    layOutHost(readFileSync(join(projectRoot, 'samples/hosts/workstation.json'), 'utf8'), this.root);
  }
}
