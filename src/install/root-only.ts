import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, isAbsent, systemError } from '../lib/errno.js';

/** The limit of Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/** A path that other users can write to, and why: a part of a line. */
export interface OthersWritable {
  path: string;
  reason: string;
}

/** Why other users can write to a file or directory; undefined if only root can. */
export type WriteCheck = (stat: Stats, path: string) => string | undefined;

/**
 * Checks that only root can write to files, and to all directories and links on their paths: a user who can write to a
 * directory can replace any file in it. An ACL that lets others write sets the group bits (acl(5)).
 */
export class RootOnly {
  readonly #checked = new Set<string>();
  readonly #walked = new Set<string>();

  constructor(private readonly check: WriteCheck = writableByOthers) {}

  /**
   * The first violation on a path. A missing file is not a violation: only root can create it.
   * @throws the system's error if a part of the path cannot be examined
   */
  onPath(path: string): OthersWritable | undefined {
    const { found } = this.#follow(path);
    return found;
  }

  /** The first violation on a path or anywhere below it; links are followed. */
  below(path: string): OthersWritable | undefined {
    const { found, real } = this.#follow(path);
    if (found || real === undefined || this.#walked.has(real)) return found;
    this.#walked.add(real);
    if (!lstatSync(real).isDirectory()) return undefined;
    for (const name of readdirSync(real).sort()) {
      const inside = this.below(join(real, name));
      if (inside) return inside;
    }
    return undefined;
  }

  /** Resolves a path part by part, as the kernel does. `real` is the result; undefined if a part is missing. */
  #follow(path: string): { found?: OthersWritable; real?: string } {
    const names = path.split('/').reverse();
    let at = '/';
    let links = 0;
    for (let name: string | undefined = ''; name !== undefined; name = names.pop()) {
      if (name === '..') at = dirname(at);
      const next = name === '..' ? at : join(at, name);
      const target = this.#examine(next);
      if (target === undefined) return {};
      if (typeof target === 'object') return { found: target };
      if (target === '') at = next;
      else {
        if (++links > MAX_LINKS) throw systemError('ELOOP', path);
        names.push(...target.split('/').reverse());
        if (target.startsWith('/')) at = '/';
      }
    }
    return { real: at };
  }

  /** The target of a link; '' for a file or directory without violation; undefined if it is missing. */
  #examine(path: string): string | OthersWritable | undefined {
    if (this.#checked.has(path)) return '';
    try {
      const stat = lstatSync(path);
      // the mode of a link is irrelevant: whether it can be replaced depends on its directory
      if (stat.isSymbolicLink()) return readlinkSync(path);
      const reason = this.check(stat, path);
      if (reason !== undefined) return { path, reason };
    } catch (error) {
      if (isAbsent(errnoOf(error))) return undefined;
      throw error;
    }
    this.#checked.add(path);
    return '';
  }
}

function writableByOthers({ uid, mode }: Stats): string | undefined {
  if (uid !== 0) return `its owner is uid ${uid}`;
  return (mode & 0o022) === 0 ? undefined : `its mode is ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
}
