import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hookObstacle, isStartedByLibvirt } from './hook-checks.js';
import { createLabelled, relabel } from './hook-selinux.js';
import { type ManagedFile, type Outcome, type PutOptions, putManagedFile, removeManagedFile } from './managed-file.js';
import { PLACES } from './manifest.js';
import { ownershipOf } from './marked-file.js';

export interface HookOutcome {
  outcomes: Outcome[];
  /** the hook is, or would be, in place */
  inPlace: boolean;
  /** one line each */
  hints: string[];
}

/**
 * Puts the hook in place where libvirt can run it; else it is left out, and one of ours that is there is removed: it would do harm.
 * @param files none: the hook is not wanted
 * @param insist it is wanted although it cannot be seen that libvirt can run it; never where it was seen that libvirt cannot
 */
export function putHook(files: readonly ManagedFile[], options: PutOptions, insist: boolean): HookOutcome {
  if (files.length === 0) return { outcomes: takeOwnHooks(options), inPlace: false, hints: [] };
  const obstacle = hookObstacle(files, options.prefix, options.dryRun);
  if (obstacle && (obstacle.certain || !insist)) {
    const left = files
      .filter(({ path }) => isStartedByLibvirt(path))
      .map(({ path }): Outcome => ({ path, done: 'left out', reason: obstacle.reason }));
    const hint = 'the service needs no hook (docs/installing.md, Without the hook)';
    return { outcomes: [...takeOwnHooks(options), ...left], inPlace: false, hints: [hint] };
  }
  const outcomes = files.map((file) => putRunnable(file, options));
  const hint = `the hook is in place because of --hook; if libvirt cannot run it, no guest starts: ${obstacle?.reason}`;
  return { outcomes, inPlace: true, hints: obstacle ? [hint] : [] };
}

function putRunnable(file: ManagedFile, options: PutOptions): Outcome {
  if (options.prefix !== '' || options.dryRun) return putManagedFile(file, options);
  mkdirSync(dirname(file.path), { recursive: true });
  const outcome = createLabelled(file.path, () => putManagedFile(file, options));
  if (outcome.done === 'left alone') return outcome;
  try {
    return relabel(file.path) && outcome.done === 'unchanged' ? { ...outcome, done: 'updated' } : outcome;
  } catch (error) {
    removeManagedFile(file.path, { ...options, force: true });
    throw error;
  }
}

/** First what libvirt starts, then what that runs. Hooks that others wrote are theirs. */
function takeOwnHooks(options: PutOptions): Outcome[] {
  const isOurs = (path: string) => {
    const target = join(options.prefix || '/', path);
    if (!existsSync(target) || !lstatSync(target).isFile()) return false;
    return ownershipOf(readFileSync(target, 'utf8')) !== 'foreign';
  };
  const paths = PLACES.filter(({ part, path }) => part === 'hook' && isOurs(path)).map(({ path }) => path);
  paths.sort((one, other) => Number(isStartedByLibvirt(other)) - Number(isStartedByLibvirt(one)));
  return paths.flatMap((path) => removeManagedFile(path, options) ?? []);
}
