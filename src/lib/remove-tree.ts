import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { type OpenFolder, using } from './open-folder.js';

/**
 * Removes what has a name in a folder, a folder with all that is in it. No link is followed, also where somebody puts
 * one in place of a folder that is just being emptied. @throws the system's error
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
