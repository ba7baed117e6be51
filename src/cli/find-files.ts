import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from './io.js';
import { reason } from './read-input.js';

/** Files as given; of a folder, every .xml below it, sorted. Hidden folders and node_modules are passed over. */
export function findFiles(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => (isFolder(path) ? filesBelow(path) : [path]));
  return [...new Set(found)];
}

function isFolder(path: string): boolean {
  try {
    return path !== '-' && statSync(path).isDirectory();
  } catch {
    return false; // for the reader to complain about
  }
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
        files.push(...filesBelow(path));
      else if (entry.isFile() && entry.name.endsWith('.xml')) files.push(path);
    }
  } catch (error) {
    throw new ToolError(`${folder}: ${reason(error as NodeJS.ErrnoException)}`);
  }
  return files;
}
