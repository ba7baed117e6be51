import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { problemOf } from '../../install/check-paths.js';
import { type Installation, install, packagedUnit, uninstall } from '../../install/install.js';
import type { Outcome } from '../../install/managed-file.js';
import type { Part } from '../../install/manifest.js';
import { ToolError } from '../../lib/errors.js';
import { Virsh } from '../../libvirt/virsh.js';
import { EXIT, type Io } from '../io.js';

export interface InstallOptions {
  command: 'install' | 'uninstall';
  parts: readonly Part[];
  /** --hook: see InstallOptions of install/install.ts */
  insistOnHook: boolean;
  prefix?: string | undefined;
  dryRun: boolean;
  force: boolean;
}

const SERVICE = 'hostdev-cpuset.service';

/** `install` and `uninstall`: a line a file; returns the exit status. */
export function installCommand(options: InstallOptions, io: Io): number {
  const { command, dryRun, force } = options;
  const prefix = openPrefix(options, io);
  const put = { prefix, dryRun, force };
  // only the init that runs is told, and never of an image's files
  const systemd = prefix === '' && !dryRun && existsSync('/run/systemd/system');
  if (command === 'uninstall') {
    if (systemd) systemctl(io, ['disable', '--now', SERVICE]);
    const result = uninstall(put);
    if (systemd) systemctl(io, ['daemon-reload']);
    return report(result, options, io);
  }
  const programs = { node: process.execPath, cli: realpathSync(process.argv[1] as string) };
  const problem = problemOf(programs, prefix === '');
  if (problem) throw new ToolError(problem);
  const parts = new Set(options.parts);
  const result = install(parts, programs, {
    ...put,
    hasHookFolder: prefix !== '' || hasHookFolder(io),
    insistOnHook: options.insistOnHook,
  });
  if (systemd && result.outcomes.some(({ done }) => done === 'created' || done === 'updated')) {
    systemctl(io, ['daemon-reload']);
    if (parts.has('service')) systemctl(io, ['enable', '--now', SERVICE]);
  }
  return report(result, options, io);
}

/** The prefix as a folder; empty: this host. @throws ToolError */
function openPrefix({ command, prefix, dryRun }: InstallOptions, io: Io): string {
  const packaged = packagedUnit(prefix ?? '');
  if (packaged) throw new ToolError(`a package has put ${packaged} there: it is installed and removed with that`);
  if (prefix === undefined) {
    if (io.userId() !== 0 && !dryRun) {
      throw new ToolError(`${command} writes to /etc, which only root may: run it with sudo, or with --prefix`);
    }
    return '';
  }
  if (!statSync(prefix, { throwIfNoEntry: false })?.isDirectory()) throw new ToolError(`${prefix} is no folder`);
  const folder = resolve(prefix);
  return folder === '/' ? '' : folder;
}

function report({ outcomes, hints }: Installation, { dryRun, command, insistOnHook }: InstallOptions, io: Io): number {
  for (const outcome of outcomes) io.stdout.write(lineOf(outcome));
  if (outcomes.length === 0) io.stdout.write('nothing of ours is there\n');
  const isNew = outcomes.some(({ done }) => done === 'created' || done === 'updated');
  const isLeftOut = outcomes.some(({ done }) => done === 'left out');
  for (const hint of command === 'uninstall' || isNew || isLeftOut ? hints : []) io.stdout.write(`note: ${hint}\n`);
  if (dryRun) io.stdout.write('note: nothing was done (--dry-run)\n');
  const isAsAsked = outcomes.every(({ done }) => done !== 'left alone') && !(insistOnHook && isLeftOut);
  return isAsAsked ? EXIT.ok : EXIT.findings;
}

function lineOf({ path, done, reason }: Outcome): string {
  return `${done.padEnd(10)}  ${path}${reason ? `: ${reason}` : ''}\n`;
}

/** libvirt 6.5 and later run the hooks of a folder, earlier ones a single hook. An unknown version is taken to be later. */
function hasHookFolder({ env }: Io): boolean {
  const version = new Virsh({ uri: undefined, env }).version();
  return version === undefined || version.major > 6 || (version.major === 6 && version.minor >= 5);
}

/** What systemd is told is said, and so is what it does not take. */
function systemctl(io: Io, words: string[]): void {
  io.stdout.write(`systemctl ${words.join(' ')}\n`);
  const { status, stderr } = spawnSync('systemctl', ['--quiet', ...words], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) io.stderr.write(`hostdev-cpuset: systemctl ${words[0]}: ${stderr?.trim() || 'failed'}\n`);
}
