import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedKernel } from './kernel.js';
import { isFolder, type Node, tree } from './tree.js';

/** Optional files that a kernel updates at a write; plain files would be outdated then. */
const UPDATED_BY_KERNEL = /^(effective_affinity(_list)?|smp_affinity_list)$/;
/** The same without effective_affinity. */
const LISTS = /^(effective_affinity_list|smp_affinity_list)$/;

/**
 * Writes a simulated host as a folder tree, for `--root`. The folder may exist: files in it are replaced, none is
 * removed.
 * @param options delivered: with effective_affinity, which does not change when a mask is written; for trees that are
 * only read
 * @throws Error if the name of a handler or of a domain is not a valid file name
 */
export function writeTree(kernel: SimulatedKernel, root: string, { delivered = false } = {}): void {
  write(root, tree(kernel), delivered ? LISTS : UPDATED_BY_KERNEL);
}

function write(path: string, node: Node, omitted: RegExp): void {
  if (typeof node === 'string') writeFileSync(path, node);
  else if (isFolder(node)) {
    mkdirSync(path, { recursive: true });
    for (const name of node.names().filter((member) => !omitted.test(member))) {
      if (!/^(?!\.\.?$)[^/\0]+$/.test(name)) throw new Error(`not a file name: ${JSON.stringify(name)}`);
      const child = node.get(name);
      if (child !== undefined) write(join(path, name), child, omitted);
    }
  } else {
    rmSync(path, { force: true });
    // The target of an open descriptor is not a file of the tree.
    symlinkSync(/[/:]/.test(node.link) ? node.link : `../../drivers/${node.link}`, path);
  }
}
