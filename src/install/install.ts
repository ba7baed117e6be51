import { accessSync, constants, existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileError } from '../host/pseudo-fs.js';
import { removeTree } from '../lib/remove-tree.js';
import { InstanceLock } from '../runtime/instance-lock.js';
import { openOwnFolder, STATE_FOLDER } from '../runtime/state-folder.js';
import { irqbalanceHints } from './irqbalance-unit.js';
import {
  at,
  type Outcome,
  type PutOptions,
  putManagedFile,
  removeEmptyFolders,
  removeManagedFile,
} from './managed-file.js';
import { HOOK, hostFiles, type Part, PLACES, type Programs, SINGLE_HOOK } from './manifest.js';
import { putHook } from './put-hook.js';

export interface Installation {
  /** a line a file, in the order of PLACES */
  outcomes: Outcome[];
  /** what a person has to do, or should know: one line each */
  hints: string[];
}

/** Where a package of the distribution puts its unit: then all is there. */
const PACKAGED = ['/usr/lib/systemd/system/hostdev-cpuset.service', '/lib/systemd/system/hostdev-cpuset.service'];

/** The unit of a distribution's package, where there is one. */
export function packagedUnit(prefix: string): string | undefined {
  return PACKAGED.find((path) => existsSync(join(prefix || '/', path)));
}

export interface InstallOptions extends PutOptions {
  /** libvirt runs the hooks of a folder (6.5 and later) */
  hasHookFolder: boolean;
  /** the hook is wanted although it cannot be seen that libvirt can run it */
  insistOnHook: boolean;
}

/**
 * Puts the files of some parts on a host. Files that somebody else wrote, or changed, stay. A hook that libvirt may not run is left out.
 * @throws what the system answers with; what was put until then stays, and the next call goes on
 */
export function install(parts: ReadonlySet<Part>, programs: Programs, options: InstallOptions): Installation {
  const [stub, otherStub] = options.hasHookFolder ? [HOOK, SINGLE_HOOK] : [SINGLE_HOOK, HOOK];
  const isFirstHook = !hasHook(options.prefix);
  const filesOf = (some: readonly Part[]) => hostFiles(new Set(some.filter((part) => parts.has(part))), stub, programs);
  const [hooks, files] = [filesOf(['hook']), filesOf(['service', 'irqbalance'])];
  // what cannot be read is met before anything is written
  for (const file of [...hooks, ...files]) putManagedFile(file, { ...options, dryRun: true });
  const hook = putHook(hooks, options, options.insistOnHook);
  const outcomes = [...hook.outcomes, ...files.map((file) => putManagedFile(file, options))];
  // libvirt has been updated since: with both the hook would run twice
  const obsolete = hook.inPlace ? removeManagedFile(otherStub, options) : undefined;
  if (obsolete?.done === 'removed') outcomes.push(obsolete);
  const hints = [...hook.hints, ...(parts.has('irqbalance') ? irqbalanceHints(options.prefix) : [])];
  if (hook.inPlace && isFirstHook) {
    const daemon = existsSync(join(options.prefix || '/', 'run/virtqemud.pid')) ? 'virtqemud' : 'libvirtd';
    hints.push(`libvirt looks for hooks when it starts, and this is its first: systemctl reload ${daemon}`);
  }
  return { outcomes, hints };
}

/** Takes every file of ours away, of every part, and the state. */
export function uninstall(options: PutOptions): Installation {
  const outcomes = PLACES.flatMap(({ path }) => removeManagedFile(path, options) ?? []);
  const watcher = new InstanceLock(options.prefix).holder();
  outcomes.push(...takeState(options));
  const hints: string[] = [];
  if (watcher !== undefined) hints.push(`a watcher is running: to end it, kill ${watcher}`);
  if (outcomes.some(({ path, done }) => path.includes('irqbalance.service.d') && done === 'removed')) {
    hints.push('irqbalance asks the policy until its next start: systemctl try-restart irqbalance');
  }
  if (existsSync(join(options.prefix || '/', 'etc/hostdev-cpuset/config.json'))) {
    hints.push('/etc/hostdev-cpuset/config.json is yours, and was left');
  } else if (!options.dryRun) removeEmptyFolders('/etc/hostdev-cpuset', options.prefix);
  return { outcomes, hints };
}

/**
 * The folder of state, with all that is in it. One that is a link or another user's is not ours, below a prefix above
 * all.
 */
function takeState({ prefix, dryRun }: PutOptions): Outcome[] {
  const path = `/${STATE_FOLDER}`;
  try {
    return at(path, prefix, ({ folder, name }) => {
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
  ENOTDIR: 'it is no folder, or a link',
  EPERM: 'it is a folder of another user',
};

/** Whether libvirt has found a hook of QEMU's before: it then looks for others at every call. */
function hasHook(prefix: string): boolean {
  const folder = join(prefix || '/', dirname(HOOK));
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return [join(prefix || '/', SINGLE_HOOK), ...names.map((name) => join(folder, name))].some(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
