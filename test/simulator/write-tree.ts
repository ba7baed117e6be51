import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedKernel } from './kernel.js';
import { isFolder, type Node, tree } from './tree.js';

/** Files that a kernel changes by itself; a tree cannot, and a host need not have them. */
const LIVING = /^(effective_affinity(_list)?|smp_affinity_list)$/;
/** Where an interrupt is delivered is of use in a tree that is only looked at, or whose files somebody keeps true. */
const ALIASES = /^(effective_affinity_list|smp_affinity_list)$/;

/**
 * Lays a simulated host out as a folder tree, for `--root`. The folder may exist: files in it are replaced, none is removed.
 * @param options delivered: with where each interrupt is delivered now, which then stays what it is when a mask is written
 * @throws Error where the name of a handler or of a domain cannot be a file's
 */
export function writeTree(kernel: SimulatedKernel, root: string, { delivered = false } = {}): void {
  write(root, tree(kernel), delivered ? ALIASES : LIVING);
}

function write(path: string, node: Node, without: RegExp): void {
  if (typeof node === 'string') writeFileSync(path, node);
  else if (isFolder(node)) {
    mkdirSync(path, { recursive: true });
    for (const name of node.names().filter((member) => !without.test(member))) {
      if (!/^(?!\.\.?$)[^/\0]+$/.test(name)) throw new Error(`not a file name: ${JSON.stringify(name)}`);
      const child = node.get(name);
      if (child !== undefined) write(join(path, name), child, without);
    }
  } else {
    rmSync(path, { force: true });
    symlinkSync(`../../drivers/${node.link}`, path);
  }
}
