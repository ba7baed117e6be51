import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A file by the path that the user gave. `stats` are set if they have already been read. */
export interface FoundFile {
  path: string;
  absolute: string;
  stats?: Stats | undefined;
}

/** A file that the user named, whether it exists or not. */
export function named(path: string): FoundFile {
  return { path, absolute: resolve(path) };
}

type Add = (path: string, stats?: Stats, key?: string) => void;

/**
 * The given files; for a directory, every .xml file below it, sorted, without hidden names and node_modules, and
 * without following links to directories. Each file once. A directory that cannot be listed is returned as a file, so
 * that reading it reports the error.
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

/** libvirt's autostart/ has links to the files in its parent directory. */
function addLink(path: string, add: Add): void {
  const target = statOf(path);
  if (target?.isFile()) add(path, target, realpathSync(path));
  else if (!target) add(path);
}

/** Undefined if it does not exist or cannot be examined. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
