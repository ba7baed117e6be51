import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { errnoOf, isAbsent } from '../lib/errno.js';
import { using } from '../lib/open-folder.js';
import { readRegular } from '../lib/regular-file.js';
import { type Walked, walk } from '../lib/walk.js';

/**
 * Runs an action at a path below a prefix ('' for this host). The directory is opened, and links on the path are
 * resolved below the prefix, as an image may come from an untrusted source.
 * @param makeMode the mode of missing directories; undefined: they are not created
 * @throws the system's error
 */
export function atPath<T>(path: string, prefix: string, action: (place: Walked) => T, makeMode?: number): T {
  const place = walk(path, { root: prefix || '/', makeMode });
  return using(place.folder, () => action(place));
}

/**
 * Follows links, below the prefix. Undefined if the file does not exist.
 * @throws the system's error
 */
export function statBelow(path: string, prefix: string): Stats | undefined {
  return atTarget(path, prefix, ({ folder, name }) => folder.in(name, (real) => lstatSync(real)));
}

/** The names in a directory; empty if it does not exist. @throws the system's error */
export function listBelow(path: string, prefix: string): string[] {
  return atTarget(`${path}/`, prefix, ({ folder, name }) => folder.in(name, (real) => readdirSync(real))) ?? [];
}

/** The text of a regular file; undefined if it does not exist. A FIFO is not opened. @throws the system's error */
export function readBelow(path: string, prefix: string): string | undefined {
  if (!statBelow(path, prefix)?.isFile()) return undefined;
  return atTarget(path, prefix, ({ folder, name }) => folder.in(name, (real) => readRegular(real).text));
}

function atTarget<T>(path: string, prefix: string, action: (place: Walked) => T): T | undefined {
  try {
    const place = walk(path, { root: prefix || '/', followLast: true });
    return using(place.folder, () => action(place));
  } catch (error) {
    if (isAbsent(errnoOf(error))) return undefined;
    throw error;
  }
}
