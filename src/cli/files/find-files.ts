import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A file as it was named. `absolute` is the same in full; `stats` are there where they were asked for on the way. */
export interface FoundFile {
  path: string;
  absolute: string;
  stats?: Stats | undefined;
}

/** A file that is asked for by its name, whatever is there. */
export function named(path: string): FoundFile {
  return { path, absolute: resolve(path) };
}

type Add = (path: string, stats?: Stats, key?: string) => void;

/**
 * Files as given; of a folder, every .xml below it, sorted. Hidden names and node_modules are passed over, and links to
 * folders not followed. No file comes twice. A folder that cannot be listed is in the result, for the reader to complain about.
 */
export function findFiles(paths: readonly string[]): FoundFile[] {
  const found = new Map<string, FoundFile>();
  const add: Add = (path, stats, key) => {
    const absolute = resolve(path);
    if (!found.has(key ?? absolute)) found.set(key ?? absolute, { path, absolute, stats });
  };
  for (const path of paths) {
    const stats = path === '-' ? undefined : statOf(path);
    if (path === '-') add(path, undefined, path);
    else if (stats?.isDirectory()) addBelow(path, add);
    else add(path, stats);
  }
  return [...found.values()];
}

function addBelow(folder: string, add: Add): void {
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
function addLink(path: string, add: Add): void {
  const target = statOf(path);
  if (target?.isFile()) add(path, target, realpathSync(path));
  else if (!target) add(path);
}

/** Undefined where nothing can be asked of it. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
