import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Io } from '../io.js';

/** What GitHub and SARIF give paths relative to: the checkout of a workflow, which a step need not be in; else the current folder. */
export function sourceRoot(env: Io['env']): string {
  return resolve(env.GITHUB_WORKSPACE ?? '');
}

/** The path relative to a folder; undefined where it is not below it. */
export function pathBelow(root: string, path: string): string | undefined {
  const below = relative(root, resolve(path));
  return below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below) ? undefined : below;
}
