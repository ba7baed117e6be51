import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { printableLines } from '../../lib/printable.js';
import type { Io } from '../io.js';

const TIMEOUT_MS = 60_000;
/** For a PATH that is not set or has been cut. */
const USUAL_DIRECTORIES = ['/usr/bin', '/bin'];

/** How to call systemd on this host; otherwise why not. */
export type Systemd = { systemctl: string } | 'not running' | 'without systemctl';

export function findSystemd({ env }: Io): Systemd {
  if (!existsSync('/run/systemd/system')) return 'not running';
  const directories = [...(env.PATH ?? '').split(delimiter).filter(isAbsolute), ...USUAL_DIRECTORIES];
  const systemctl = directories.map((path) => join(path, 'systemctl')).find((path) => existsSync(path));
  return systemctl === undefined ? 'without systemctl' : { systemctl };
}

/** Prints the command and runs it. Its errors are printed, too. Returns whether it succeeded. */
export function runSystemctl({ systemctl }: { systemctl: string }, args: readonly string[], io: Io): boolean {
  io.stdout.write(`systemctl ${args.join(' ')}\n`);
  const { status, stderr } = spawnSync(systemctl, ['--quiet', ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (status === 0) return true;
  const unit = args.find((word) => word.endsWith('.service'));
  const reason = stderr?.trim() || `failed${unit === undefined ? '' : `; see: systemctl status ${unit}`}`;
  io.stderr.write(printableLines(`hostdev-cpuset: systemctl ${args[0]}: ${reason}\n`));
  return false;
}
