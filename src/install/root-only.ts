import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, isAbsent } from '../lib/errno.js';

/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** What others than root may write to, and why: one line. */
export interface OthersWritable {
  path: string;
  reason: string;
}

/** Judges one file or folder by its owner and mode; undefined where only root may write to it. */
export type Judge = (stat: Stats, path: string) => string | undefined;

/**
 * Checks that root alone may write to files, and to all folders and links on the way to them: who may write to a folder may put another
 * file under any name in it. An access control list shows in the bits of the group (acl(5)).
 */
export class RootOnly {
  readonly #checked = new Set<string>();
  readonly #walked = new Set<string>();

  constructor(private readonly judge: Judge = writableByOthers) {}

  /**
   * The first on the way to a path, the path included. What is not there is fine: then nobody else can put it there.
   * @throws the system's error where it cannot be looked at
   */
  onPath(path: string): OthersWritable | undefined {
    const { found } = this.#follow(path);
    return found;
  }

  /** The first on the way to a folder, or in it at any depth; links are followed. */
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

  /** Name by name, as the kernel does. `real`: where it leads; undefined where a part of it is missing. */
  #follow(path: string): { found?: OthersWritable; real?: string } {
    const names = path.split('/').reverse();
    let at = '/';
    let links = 0;
    for (let name: string | undefined = ''; name !== undefined; name = names.pop()) {
      if (name === '..') at = dirname(at);
      const next = name === '..' ? at : join(at, name);
      const target = this.#look(next);
      if (target === undefined) return {};
      if (typeof target === 'object') return { found: target };
      if (target === '') at = next;
      else {
        if (++links > MOST_LINKS) throw Object.assign(new Error(`ELOOP: ${path}`), { code: 'ELOOP', syscall: 'open' });
        names.push(...target.split('/').reverse());
        if (target.startsWith('/')) at = '/';
      }
    }
    return { real: at };
  }

  /** A link's target; empty for anything else that is fine; undefined for what is not there. */
  #look(path: string): string | OthersWritable | undefined {
    if (this.#checked.has(path)) return '';
    try {
      const stat = lstatSync(path);
      // a link has no mode of its own: its folder says who may replace it
      if (stat.isSymbolicLink()) return readlinkSync(path);
      const reason = this.judge(stat, path);
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
