import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Io } from '../io.js';

/**
 * The base of paths for GitHub and SARIF: the checkout of a workflow, which need not be the current directory;
 * otherwise the current directory.
 */
export function sourceRoot(env: Io['env']): string {
  return resolve(env.GITHUB_WORKSPACE ?? '');
}

/** The path relative to a directory; undefined if it is not below it. */
export function pathBelow(root: string, path: string): string | undefined {
  const below = relative(root, resolve(path));
  return below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below) ? undefined : below;
}
