import { realpathSync } from 'node:fs';
import { problemOf } from '../../install/check-paths.js';
import { type Installation, install, uninstall } from '../../install/install.js';
import { isManaged, type Outcome } from '../../install/managed-file.js';
import type { Part } from '../../install/manifest.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { checkedHooksDirectory, type InstallPlace, openPrefix, refuseBesidePackage } from '../install/place.js';
import { findSystemd, runSystemctl } from '../install/systemd.js';
import { EXIT, errorLine, type Io } from '../io.js';

export interface InstallOptions extends InstallPlace {
  parts: readonly Part[];
  /** --hook: see InstallOptions of install/install.ts */
  insistOnHook: boolean;
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
