import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Files as given; of a folder, every .xml below it, sorted. Hidden names and node_modules are passed over, and links to
 * folders not followed. No file comes twice. A folder that cannot be listed is in the result, for the reader to complain about.
 */
export function findFiles(paths: readonly string[]): string[] {
  const found = new Map<string, string>();
  const add = (path: string, key = resolve(path)) => {
    if (!found.has(key)) found.set(key, path);
  };
  for (const path of paths) {
    if (path === '-') add(path, path);
    else if (statOf(path)?.isDirectory()) addBelow(path, add);
    else add(path);
  }
  return [...found.values()];
}

function addBelow(folder: string, add: (path: string, key?: string) => void): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    add(folder);
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) addBelow(path, add);
    else if (!entry.name.endsWith('.xml')) continue;
    else if (entry.isFile()) add(path);
    else if (entry.isSymbolicLink()) addLink(path, add);
  }
}

/** libvirt's autostart/ is full of links to the files one folder up. */
function addLink(path: string, add: (path: string, key?: string) => void): void {
  const target = statOf(path);
  if (target?.isFile()) add(path, realpathSync(path));
  else if (!target) add(path);
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
