import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { type OpenFolder, using } from './open-folder.js';

/**
 * Removes a file, or a directory with its content. A link is never followed, even if another user replaces a directory
 * with a link while it is being emptied.
 * @throws the system's error
 */
export function removeTree(parent: OpenFolder, name: string): void {
  try {
    parent.in(name, unlinkSync);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    if (!lstatSync(parent.at(name), { throwIfNoEntry: false })?.isDirectory()) throw error;
    using(parent.enter(name), (folder) => {
      for (const inner of folder.in('.', (path) => readdirSync(path))) removeTree(folder, inner);
    });
    parent.in(name, rmdirSync);
  }
}
