import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';
import { problemOf, unusablePath } from '../../install/check-paths.js';
import {
  hasManagedFiles,
  type Installation,
  install,
  packagedUnit,
  type UninstallOptions,
  uninstall,
} from '../../install/install.js';
import { isManaged, type Outcome } from '../../install/managed-file.js';
import { HOOKS_DIRECTORY, type Part } from '../../install/manifest.js';
import { statBelow } from '../../install/prefix.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { findSystemd, runSystemctl } from '../systemd.js';

export interface InstallOptions {
  command: 'install' | 'uninstall';
  parts: readonly Part[];
  /** --hook: see InstallOptions of install/install.ts */
  insistOnHook: boolean;
  prefix?: string | undefined;
  /** where libvirt looks for hooks; undefined: in /etc/libvirt/hooks */
  hooksDirectory?: string | undefined;
  dryRun: boolean;
  force: boolean;
}

const SERVICE = 'hostdev-cpuset.service';
const UNITS = '/etc/systemd/system';

/** `install` and `uninstall`: prints a line for each file; returns the exit status. */
export function installCommand(options: InstallOptions, io: Io): number {
  const { command, dryRun, force } = options;
  // all users may read what is installed, also in an image
  process.umask(0o022);
  const prefix = openPrefix(options, io);
  const fileOptions = { prefix, dryRun, force, hooksDirectory: checkedHooksDirectory(options, prefix) };
  refuseBesidePackage(command, fileOptions);
  const systemd = prefix === '' ? findSystemd(io) : 'of an image';
  let hasFailed = false;
  const systemctl = (...args: string[]) => {
    if (typeof systemd === 'object' && !dryRun && !runSystemctl(systemd, args, io)) hasFailed = true;
  };
  const exitStatus = (status: number) => (hasFailed ? EXIT.findings : status);
  // a unit that the configuration of a system declares is not ours
  const isOurUnit = () => isManaged(`${UNITS}/${SERVICE}`, prefix);
  if (command === 'uninstall') {
    // find errors before the service is stopped
    uninstall({ ...fileOptions, dryRun: true });
    if (isOurUnit()) systemctl('disable', '--now', SERVICE);
    const result = uninstall(fileOptions);
    if (changesUnits(result)) systemctl('daemon-reload');
    return exitStatus(report(result, options, io));
  }
  const programs = { node: process.execPath, cli: realpathSync(process.argv[1] as string) };
  const problem = problemOf(programs, prefix === '', fileOptions.hooksDirectory);
  if (problem) throw new ToolError(problem);
  const parts = new Set(options.parts);
  const result = install(parts, programs, {
    ...fileOptions,
    hasHookDirectory: prefix !== '' || hasHookDirectory(io),
    insistOnHook: options.insistOnHook,
  });
  if (changesUnits(result)) systemctl('daemon-reload');
  // even if no file has changed: an earlier install may have been interrupted, or the service could not start
  if (parts.has('service') && isOurUnit()) systemctl('enable', '--now', SERVICE);
  const status = report(result, options, io);
  if (parts.has('service') && (systemd === 'not running' || systemd === 'without systemctl')) {
    const why = systemd === 'not running' ? 'systemd does not run here' : 'systemctl was not found';
    const what = 'start `hostdev-cpuset watch` from your init system, as root';
    io.stdout.write(errorLine('note', `${why}, so install starts no service: ${what}`));
  }
  return exitStatus(status);
}

const changesUnits = ({ outcomes }: Installation) =>
  outcomes.some(({ path, done }) => path.startsWith(`${UNITS}/`) && ['created', 'updated', 'removed'].includes(done));

/**
 * The directory of --hooks-dir, which becomes a part of paths and of a shell script.
 * @throws ToolError
 */
function checkedHooksDirectory({ hooksDirectory }: InstallOptions, prefix: string): string {
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
function refuseBesidePackage(command: InstallOptions['command'], options: UninstallOptions): void {
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
function openPrefix({ command, prefix, dryRun }: InstallOptions, io: Io): string {
  if (prefix === undefined) {
    if (io.userId() !== 0 && !dryRun) {
      throw new ToolError(`${command} writes to /etc, which needs root: use sudo or --prefix`);
    }
    return '';
  }
  if (!statSync(prefix, { throwIfNoEntry: false })?.isDirectory()) throw new ToolError(`${prefix}: no such directory`);
  const directory = resolve(prefix);
  return directory === '/' ? '' : directory;
}

function report({ outcomes, hints }: Installation, { dryRun, command, insistOnHook }: InstallOptions, io: Io): number {
  for (const outcome of outcomes) io.stdout.write(lineOf(outcome, dryRun));
  if (outcomes.length === 0) io.stdout.write(`nothing to ${command === 'install' ? 'install' : 'remove'}\n`);
  const isNew = outcomes.some(({ done }) => done === 'created' || done === 'updated');
  const isLeftOut = outcomes.some(({ done }) => done === 'left out');
  for (const hint of command === 'uninstall' || isNew || isLeftOut ? hints : [])
    io.stdout.write(errorLine('note', hint));
  if (dryRun) io.stdout.write('note: nothing was changed (--dry-run)\n');
  // uninstall ignores files that another program wrote under these names: none of our files is left then
  const isLeft = ({ done, isForeign }: Outcome) => done === 'left alone' && !(command === 'uninstall' && isForeign);
  const isComplete = !outcomes.some(isLeft) && !(insistOnHook && isLeftOut);
  return isComplete ? EXIT.ok : EXIT.findings;
}

/** What a dry run prints for a file that it would change. */
const WOULD: Partial<Record<Outcome['done'], string>> = {
  created: 'would create',
  updated: 'would update',
  removed: 'would remove',
};

function lineOf({ path, done, reason }: Outcome, dryRun: boolean): string {
  const text = dryRun ? (WOULD[done] ?? done).padEnd(12) : done.padEnd(10);
  return `${printable(`${text}  ${path}${reason ? `: ${reason}` : ''}`)}\n`;
}

/** libvirt 6.5 and later run the hooks in qemu.d. An unknown version is assumed to be later. */
function hasHookDirectory({ env }: Io): boolean {
  const version = new Virsh({ uri: undefined, env }).version();
  return version === undefined || version.major > 6 || (version.major === 6 && version.minor >= 5);
}
