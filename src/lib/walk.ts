import { type BigIntStats, lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { systemError } from './errno.js';
import { OpenFolder } from './open-folder.js';

export interface WalkOptions {
  /** links and `..` stay below this directory, as in a chroot. Undefined: the whole host */
  root?: string | undefined;
  /** mode of missing directories, which are created; undefined: they are not created */
  makeMode?: number | undefined;
  /** also follow a link in the last component */
  followLast?: boolean;
  /** called for each link before it is followed; throws to refuse it */
  link?(path: string, uid: number): void;
}

/** The open directory that a path leads to, and the name in it; '.' if the path ends in a directory as such. */
export interface Walked {
  folder: OpenFolder;
  name: string;
}

/** The kernel's limit of links. */
const MAX_LINKS = 40;

/**
 * Resolves a path component by component, each relative to the directory opened before. So if another user replaces a
 * directory meanwhile, the walk cannot be redirected. Below a root all paths start at the root. The caller closes the
 * directory.
 * @throws the system's error; ELOOP for too many links, ESTALE if a link was replaced while it was read
 */
export function walk(path: string, { root, makeMode, followLast = false, link }: WalkOptions = {}): Walked {
  const open = [OpenFolder.open(root ?? (isAbsolute(path) ? '/' : '.'))];
  const top = () => open.at(-1) as OpenFolder;
  const rest = partsOf(path);
  let links = 0;
  try {
    for (;;) {
      const name = rest.shift() ?? '.';
      if (name === '..') {
        // `..` in the root is the root itself
        if (open.length === 1 && root === undefined) open.unshift(OpenFolder.open(top().at('..')));
        if (open.length > 1) open.pop()?.close();
        continue;
      }
      const isLast = rest.length === 0;
      if (name === '.' && !isLast) continue;
      if (isLast && (name === '.' || !followLast)) return { folder: top(), name };
      const stat = statOf(top(), name);
      if (stat?.isSymbolicLink()) {
        links++;
        if (links > MAX_LINKS) throw systemError('ELOOP', path);
        link?.(`${top().path}/${name}`, Number(stat.uid));
        const target = readLink(top(), name, stat);
        if (isAbsolute(target)) {
          if (root === undefined) open.unshift(OpenFolder.open('/'));
          for (const folder of open.splice(1)) folder.close();
        }
        rest.unshift(...partsOf(target));
        continue;
      }
      if (isLast) return { folder: top(), name };
      if (!stat && makeMode !== undefined) makeFolder(top(), name, makeMode);
      open.push(top().enter(name));
    }
  } catch (error) {
    for (const folder of open.splice(0)) folder.close();
    throw error;
  } finally {
    for (const folder of open.slice(0, -1)) folder.close();
  }
}

/** A final slash stands for the directory itself. */
function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return path.endsWith('/') ? [...parts, '.'] : parts;
}

const statOf = (folder: OpenFolder, name: string) =>
  folder.in(name, (path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));

/** The target of a link, if the link has not changed since `stat`. */
function readLink(folder: OpenFolder, name: string, { dev, ino, ctimeNs }: BigIntStats): string {
  const target = folder.in(name, (path) => readlinkSync(path));
  const after = statOf(folder, name);
  if (after?.dev !== dev || after.ino !== ino || after.ctimeNs !== ctimeNs) {
    throw systemError('ESTALE', `${folder.path}/${name}`);
  }
  return target;
}

function makeFolder(folder: OpenFolder, name: string, mode: number): void {
  try {
    folder.in(name, (path) => mkdirSync(path, { mode }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
