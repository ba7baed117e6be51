import { isAbsolute, normalize, resolve } from 'node:path';
import { unusablePath } from '../../install/check-paths.js';
import { hasManagedFiles, packagedUnit, type UninstallOptions } from '../../install/install.js';
import { HOOKS_DIRECTORY } from '../../install/manifest.js';
import { statBelow } from '../../install/prefix.js';
import { directoryProblem } from '../../lib/directory-problem.js';
import { ToolError } from '../../lib/errors.js';
import type { Io } from '../io.js';

/** Where files are installed or removed. */
export interface InstallPlace {
  command: 'install' | 'uninstall';
  prefix?: string | undefined;
  /** where libvirt looks for hooks; undefined: in /etc/libvirt/hooks */
  hooksDirectory?: string | undefined;
  dryRun: boolean;
}

/**
 * The directory of --hooks-dir, which becomes a part of paths and of a shell script.
 * @throws ToolError
 */
export function checkedHooksDirectory({ hooksDirectory }: InstallPlace, prefix: string): string {
  if (hooksDirectory === undefined) return HOOKS_DIRECTORY;
  if (!isAbsolute(hooksDirectory))
    throw new ToolError(`--hooks-dir: ${JSON.stringify(hooksDirectory)} is not an absolute path`);
  const directory = normalize(`${hooksDirectory}/`).slice(0, -1);
  if (directory === '') throw new ToolError('--hooks-dir: / cannot be the directory of hooks');
  const unusable = unusablePath(directory);
  if (unusable) throw new ToolError(`--hooks-dir: ${unusable}`);
  if (statBelow(directory, prefix)?.isDirectory()) return directory;
  throw new ToolError(`--hooks-dir ${prefix}${directory}: no such directory`);
}

/**
 * Files that `install` wrote before there was a package have precedence over those of the package: they can be removed.
 * @throws ToolError
 */
export function refuseBesidePackage(command: InstallPlace['command'], options: UninstallOptions): void {
  const packaged = packagedUnit(options.prefix);
  if (!packaged) return;
  const problem = `${packaged} belongs to a package: use the package manager to install and remove it`;
  const hasOwnFiles = hasManagedFiles(options);
  if (command === 'uninstall' && hasOwnFiles) return;
  const advice = '; to remove what install has written beside it: hostdev-cpuset uninstall';
  throw new ToolError(`${problem}${hasOwnFiles ? advice : ''}`);
}

/**
 * The prefix as an absolute path; empty: this host.
 * @throws ToolError
 */
export function openPrefix({ command, prefix, dryRun }: InstallPlace, io: Io): string {
  if (prefix === undefined) {
    if (io.userId() !== 0 && !dryRun) {
      throw new ToolError(`${command} writes to /etc, which needs root: use sudo or --prefix`);
    }
    return '';
  }
  const problem = directoryProblem(prefix);
  if (problem !== undefined) throw new ToolError(`${prefix}: ${problem}`);
  const directory = resolve(prefix);
  return directory === '/' ? '' : directory;
}
