import { dirname } from 'node:path';
import { ToolError } from '../lib/errors.js';
import { hookObstacle, isStartedByLibvirt } from './hook-obstacle.js';
import { createLabelled, type Labels, missingLabel } from './hook-selinux.js';
import {
  type FileOptions,
  isManaged,
  type ManagedFile,
  type Outcome,
  removeManagedFile,
  writeManagedFile,
} from './managed-file.js';
import { type Place, placesOf } from './manifest.js';
import { atPath } from './prefix.js';

export interface HookOptions extends FileOptions {
  /** where libvirt looks for hooks, without the prefix */
  hooksDirectory: string;
  /** install the hook even if it is unknown whether libvirt can run it; never if libvirt cannot run it */
  insistOnHook: boolean;
}

export interface HookOutcome {
  /** the hook is in place, or would be without --dry-run */
  inPlace: boolean;
  /** one line each */
  hints: string[];
}

/**
 * Installs the hook if libvirt can run it. Otherwise it is left out, and an existing hook of ours is removed, because
 * it would prevent guests from starting.
 * @param files empty: the hook is not wanted
 * @param outcomes each result is added as soon as the step is done
 */
export function installHook(files: readonly ManagedFile[], options: HookOptions, outcomes: Outcome[]): HookOutcome {
  if (files.length === 0) {
    removeOwnHooks(options, outcomes);
    return { inPlace: false, hints: [] };
  }
  const obstacle = hookObstacle(files, options.prefix, options.dryRun);
  if (obstacle && (obstacle.certain || !options.insistOnHook)) {
    removeOwnHooks(options, outcomes);
    const stubs = files.filter(({ path }) => isStartedByLibvirt(path));
    outcomes.push(...stubs.map(({ path }): Outcome => ({ path, done: 'left out', reason: obstacle.reason })));
    return { inPlace: false, hints: ['the service needs no hook (docs/installing.md, Without the hook)'] };
  }
  for (const file of files) outcomes.push(writeHookFile(file, options));
  const hint = `the hook was installed because of --hook; if libvirt cannot run it, no guest starts: ${obstacle?.reason}`;
  return { inPlace: true, hints: obstacle ? [hint] : [] };
}

/**
 * On this host the file gets its SELinux label when it is created, because libvirt may run it at any time. A file with
 * another label is written again: changing a label by path could change another file.
 */
export function writeHookFile(file: ManagedFile, options: FileOptions, labels?: Labels): Outcome {
  if (options.prefix !== '' || options.dryRun) return writeManagedFile(file, options);
  // first, so that missing directories do not get the label of the file
  atPath(`${dirname(file.path)}/`, '', () => {}, 0o777);
  const write = (rewrite: boolean) =>
    createLabelled(file.path, () => writeManagedFile(file, { ...options, rewrite }), labels);
  const outcome = write(false);
  if (outcome.done === 'left alone' || missingLabel(file.path, labels) === undefined) return outcome;
  const again = write(true);
  const label = missingLabel(file.path, labels);
  if (label === undefined) return outcome.done === 'unchanged' ? again : outcome;
  removeManagedFile(file.path, { ...options, force: true });
  throw new ToolError(`cannot set the label ${label} on ${file.path}`);
}

/**
 * Removes our hook files: first the file that libvirt runs, then the files that it runs. Other hooks are left alone.
 */
function removeOwnHooks(options: HookOptions, outcomes: Outcome[]): void {
  const isHook = ({ part, path }: Place) => part === 'hook' && isManaged(path, options.prefix);
  const paths = placesOf(options.hooksDirectory)
    .filter(isHook)
    .map(({ path }) => path);
  paths.sort((one, other) => Number(isStartedByLibvirt(other)) - Number(isStartedByLibvirt(one)));
  for (const path of paths) outcomes.push(...[removeManagedFile(path, options) ?? []].flat());
}
