import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, plainMessage } from '../lib/errno.js';
import { isExpected, ToolError } from '../lib/errors.js';
import { type FileOptions, type Outcome, removeManagedFile } from './managed-file.js';
import type { Part } from './manifest.js';
import { atPath } from './prefix.js';

const WITHOUT: Record<Part, string> = {
  hook: '--no-hook (or --hooks-dir DIR, if libvirt looks for hooks elsewhere)',
  service: '--no-service',
  irqbalance: '--no-irqbalance',
};
const REFUSALS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  EPERM: 'the directory is immutable',
  EACCES: 'permission denied',
};

/**
 * Checks that files can be created, replaced or removed in their directories.
 * @throws ToolError that names the first file for which this is impossible, and what to do; otherwise the system's
 *   error
 */
export function assertWritable(
  command: 'install' | 'uninstall',
  files: readonly { part: Part; path: string }[],
  prefix: string,
): void {
  const refused = files.flatMap(({ part, path }) => {
    const reason = refusalAt(path, prefix);
    return reason === undefined ? [] : [{ part, path, reason }];
  });
  const [first] = refused;
  if (!first) return;
  const options = [...new Set(refused.map(({ part }) => WITHOUT[part]))].join(', ');
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : '';
  const problem = `cannot ${command === 'install' ? 'write' : 'remove'} ${prefix}${first.path}${more}: ${first.reason}; nothing was changed`;
  // uninstall has no such options
  const advice = command === 'install' ? `; see "A read-only /etc" in docs/installing.md: ${options}` : '';
  throw new ToolError(`${problem}${advice}`);
}

/** Why the directory of a file, or the nearest one that exists, cannot be written. */
function refusalAt(path: string, prefix: string): string | undefined {
  const directory = dirname(path);
  try {
    atPath(`${directory}/`, prefix, ({ folder }) => folder.in('.', (real) => accessSync(real, constants.W_OK)));
    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' && directory !== '/') return refusalAt(directory, prefix);
    if (code in REFUSALS) return REFUSALS[code];
    throw error;
  }
}

/**
 * Runs an action that installs files. If it fails, the files that it has created are removed again.
 * @param outcomes the action adds its results
 * @throws ToolError with the reason and the files that stay
 */
export function undoneOnError<T>(outcomes: readonly Outcome[], options: FileOptions, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isExpected(error) || options.dryRun) throw error;
    const changed = outcomes.filter(({ done }) => ['created', 'updated', 'removed'].includes(done));
    const kept = changed.filter(({ path, done }) => done !== 'created' || !isRemoved(path, options)).reverse();
    const names = kept.map(({ path, done }) => `${options.prefix}${path} (${done})`).join(', ');
    const rest = kept.length === 0 ? 'nothing was installed' : `not undone: ${names}`;
    throw new ToolError(`${plainMessage(error)}; ${rest}`);
  }
}

function isRemoved(path: string, options: FileOptions): boolean {
  try {
    removeManagedFile(path, { ...options, force: true });
    return true;
  } catch {
    return false;
  }
}
