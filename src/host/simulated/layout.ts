import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedKernel } from './kernel.js';
import { isFolder, type Node, tree } from './tree.js';

/** Files that a kernel changes by itself; the tree cannot, and a host need not have them. */
const LIVING = /^(effective_affinity(_list)?|smp_affinity_list)$/;

/**
 * Lays a simulated host out as a folder tree, for `--root`. The folder may exist: files in it are replaced, none is removed.
 * @throws Error where the name of a handler or of a domain cannot be a file's
 */
export function layOut(kernel: SimulatedKernel, root: string): void {
  write(root, tree(kernel));
}

function write(path: string, node: Node): void {
  if (typeof node === 'string') writeFileSync(path, node);
  else if (isFolder(node)) {
    mkdirSync(path, { recursive: true });
    for (const name of node.names().filter((member) => !LIVING.test(member))) {
      if (!/^(?!\.\.?$)[^/\0]+$/.test(name)) throw new Error(`not a file name: ${JSON.stringify(name)}`);
      const child = node.get(name);
      if (child !== undefined) write(join(path, name), child);
    }
  } else {
    rmSync(path, { force: true });
    symlinkSync(`../../drivers/${node.link}`, path);
  }
}
