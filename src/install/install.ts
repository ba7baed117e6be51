import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileError } from '../host/pseudo-fs.js';
import { removeTree } from '../lib/remove-tree.js';
import { InstanceLock } from '../runtime/instance-lock.js';
import { openOwnFolder, STATE_FOLDER } from '../runtime/state-folder.js';
import { type HookOptions, installHook } from './install-hook.js';
import { irqbalanceHints } from './irqbalance-unit.js';
import {
  type FileOptions,
  isManaged,
  type Outcome,
  removeEmptyDirectories,
  removeManagedFile,
  writeManagedFile,
} from './managed-file.js';
import { hookPaths, managedFiles, type Part, type Place, type Programs, placesOf } from './manifest.js';
import { atPath, listBelow, statBelow } from './prefix.js';
import { libvirtDaemon } from './units.js';
import { assertWritable, undoneOnError } from './whole-or-nothing.js';

export interface Installation {
  /** one for each file, in the order of placesOf() */
  outcomes: Outcome[];
  /** what the administrator must do or know: one line each */
  hints: string[];
}

/** The unit of a distribution's package: if it exists, the package has installed everything else, too. */
const PACKAGED_UNITS = ['/usr/lib/systemd/system/hostdev-cpuset.service', '/lib/systemd/system/hostdev-cpuset.service'];

const START_PACKAGED = 'systemctl enable --now hostdev-cpuset';

/** The unit that a package has installed; undefined if no package has. */
export function packagedUnit(prefix: string): string | undefined {
  return PACKAGED_UNITS.find((path) => statBelow(path, prefix));
}

export interface InstallOptions extends HookOptions {
  /** libvirt runs the hooks in qemu.d (6.5 and later) */
  hasHookDirectory: boolean;
}

/**
 * Installs the files of some parts. Foreign and modified files are left alone. A hook that libvirt cannot run is left
 * out. If a file cannot be written, the new ones are removed again.
 * @throws ToolError, also before anything is written; else the system's error
 */
export function install(parts: ReadonlySet<Part>, programs: Programs, options: InstallOptions): Installation {
  const { prefix, hooksDirectory } = options;
  const { stub, single } = hookPaths(hooksDirectory);
  const otherStub = options.hasHookDirectory ? single : stub;
  const isFirstHook = !hasHook(prefix, hooksDirectory);
  const files = managedFiles(parts, hooksDirectory, otherStub, programs);
  // find errors before anything is written
  const planned = files.map((file) => ({ ...file, ...writeManagedFile(file, { ...options, dryRun: true }) }));
  assertWritable(
    'install',
    planned.filter(({ done }) => done === 'created' || done === 'updated'),
    prefix,
  );
  const outcomes: Outcome[] = [];
  const hook = undoneOnError(outcomes, options, () => {
    const installed = installHook(
      files.filter(({ part }) => part === 'hook'),
      options,
      outcomes,
    );
    for (const file of files) if (file.part !== 'hook') outcomes.push(writeManagedFile(file, options));
    // after an update of libvirt the other stub may exist, too: libvirt would run the hook twice
    const obsolete = installed.inPlace ? removeManagedFile(otherStub, options) : undefined;
    if (obsolete?.done === 'removed') outcomes.push(obsolete);
    return installed;
  });
  const hints = [...hook.hints, ...(parts.has('irqbalance') ? irqbalanceHints(prefix) : [])];
  if (hook.inPlace && isFirstHook) {
    hints.push(`libvirt looks for hooks only when it starts, and had none: systemctl reload ${libvirtDaemon(prefix)}`);
  }
  return { outcomes, hints };
}

export type UninstallOptions = FileOptions & Pick<HookOptions, 'hooksDirectory'>;

/** Whether a file that install wrote is there, even if it was modified since. @throws the system's error */
export function hasManagedFiles({ prefix, hooksDirectory }: UninstallOptions): boolean {
  return placesOf(hooksDirectory).some(({ path }) => isManaged(path, prefix));
}

/**
 * Removes our files of all parts, and the state directory, unless it is also that of a package.
 * @throws as install()
 */
export function uninstall(options: UninstallOptions): Installation {
  const { prefix } = options;
  const places = placesOf(options.hooksDirectory);
  const isRemoved = ({ path }: Place) => removeManagedFile(path, { ...options, dryRun: true })?.done === 'removed';
  assertWritable('uninstall', places.filter(isRemoved), prefix);
  const outcomes = places.flatMap(({ path }) => removeManagedFile(path, options) ?? []);
  const watcher = new InstanceLock(prefix).holder();
  const packaged = packagedUnit(prefix);
  if (!packaged) outcomes.push(...removeState(options));
  const hints: string[] = [];
  if (packaged) hints.push(`the package stays (${packaged}); if its service is stopped: ${START_PACKAGED}`);
  else if (watcher !== undefined) hints.push(`a watcher is running: to end it, kill ${watcher}`);
  if (outcomes.some(({ path, done }) => path.includes('irqbalance.service.d') && done === 'removed')) {
    hints.push('if irqbalance runs, it uses the policy script until it is restarted: systemctl try-restart irqbalance');
  }
  if (statBelow('/etc/hostdev-cpuset/config.json', prefix)) {
    hints.push('/etc/hostdev-cpuset/config.json is your configuration and was kept');
  } else if (!options.dryRun) removeEmptyDirectories('/etc/hostdev-cpuset', prefix);
  return { outcomes, hints };
}

/** Removes the state directory with its content. One that is a link or belongs to another user is left alone. */
function removeState({ prefix, dryRun }: FileOptions): Outcome[] {
  const path = `/${STATE_FOLDER}`;
  try {
    return atPath(path, prefix, ({ folder, name }) => {
      if (!lstatSync(folder.at(name), { throwIfNoEntry: false })) return [];
      openOwnFolder(folder, name).close();
      if (!dryRun) removeTree(folder, name);
      return [{ path, done: 'removed' }];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const reason = error instanceof FileError ? NOT_OURS[error.code] : undefined;
    if (reason === undefined) throw error;
    return [{ path, done: 'left alone', reason }];
  }
}

const NOT_OURS: Record<string, string> = {
  ENOTDIR: 'it is not a directory, or a link',
  EPERM: 'it belongs to another user',
};

/** Whether libvirt found a hook for QEMU when it started: otherwise it runs no hooks until its next start. */
function hasHook(prefix: string, hooksDirectory: string): boolean {
  const { stub, single } = hookPaths(hooksDirectory);
  const directory = dirname(stub);
  const paths = [single, ...listBelow(directory, prefix).map((name) => join(directory, name))];
  return paths.some((path) => isExecutableFile(path, prefix));
}

function isExecutableFile(path: string, prefix: string): boolean {
  const stat = statBelow(path, prefix);
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
}
