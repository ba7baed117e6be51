import { dirname } from 'node:path';
import { hookObstacle, isStartedByLibvirt } from './hook-obstacle.js';
import { createLabelled, relabel } from './hook-selinux.js';
import {
  type FileOptions,
  isManaged,
  type ManagedFile,
  type Outcome,
  removeManagedFile,
  writeManagedFile,
} from './managed-file.js';
import { PLACES } from './manifest.js';
import { atPath } from './prefix.js';

export interface HookOutcome {
  outcomes: Outcome[];
  /** the hook is in place, or would be without --dry-run */
  inPlace: boolean;
  /** one line each */
  hints: string[];
}

/**
 * Installs the hook if libvirt can run it. If not, it is left out, and one of ours that is there is removed, because it
 * would keep guests from starting.
 * @param files empty: the hook is not wanted
 * @param insist install it even if it is unknown whether libvirt can run it; never if libvirt cannot
 */
export function installHook(files: readonly ManagedFile[], options: FileOptions, insist: boolean): HookOutcome {
  if (files.length === 0) return { outcomes: removeOwnHooks(options), inPlace: false, hints: [] };
  const obstacle = hookObstacle(files, options.prefix, options.dryRun);
  if (obstacle && (obstacle.certain || !insist)) {
    const leftOut = files
      .filter(({ path }) => isStartedByLibvirt(path))
      .map(({ path }): Outcome => ({ path, done: 'left out', reason: obstacle.reason }));
    const hint = 'the service needs no hook (docs/installing.md, Without the hook)';
    return { outcomes: [...removeOwnHooks(options), ...leftOut], inPlace: false, hints: [hint] };
  }
  const outcomes = files.map((file) => writeHookFile(file, options));
  const hint = `the hook was installed because of --hook; if libvirt cannot run it, no guest starts: ${obstacle?.reason}`;
  return { outcomes, inPlace: true, hints: obstacle ? [hint] : [] };
}

/** On this host a file has its SELinux label from the start, because libvirt may run it at any time. */
function writeHookFile(file: ManagedFile, options: FileOptions): Outcome {
  if (options.prefix !== '' || options.dryRun) return writeManagedFile(file, options);
  // first, so that missing directories do not get the label of the file
  atPath(`${dirname(file.path)}/`, '', () => {}, 0o777);
  const outcome = createLabelled(file.path, () => writeManagedFile(file, options));
  if (outcome.done === 'left alone') return outcome;
  try {
    return relabel(file.path) && outcome.done === 'unchanged' ? { ...outcome, done: 'updated' } : outcome;
  } catch (error) {
    removeManagedFile(file.path, { ...options, force: true });
    throw error;
  }
}

/** Removes first what libvirt starts, then what that runs. Hooks that others wrote are left alone. */
function removeOwnHooks(options: FileOptions): Outcome[] {
  const isHook = ({ part, path }: (typeof PLACES)[number]) => part === 'hook' && isManaged(path, options.prefix);
  const paths = PLACES.filter(isHook).map(({ path }) => path);
  paths.sort((one, other) => Number(isStartedByLibvirt(other)) - Number(isStartedByLibvirt(one)));
  return paths.flatMap((path) => removeManagedFile(path, options) ?? []);
}
