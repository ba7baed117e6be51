import { writeSync } from 'node:fs';
import { printableLines } from '../lib/printable.js';
import { hookCommand } from './commands/hook.js';
import { EXIT } from './io.js';

/**
 * `hostdev-cpuset hook` is a bundle in one file, because libvirt waits for it. It uses no command-line parser and none
 * of Node's streams, which take longer to open than the work itself.
 */
export async function main(): Promise<void> {
  try {
    process.exitCode = await hookCommand(process.argv.slice(3), { env: process.env, stderr: { write: warn } });
  } catch (error) {
    warn(printableLines(`hostdev-cpuset: ${(error as Error)?.stack ?? String(error)}\n`));
    process.exitCode = EXIT.failed;
  }
  // all output has been written; this skips Node's slow cleanup
  process.on('exit', () => process.exit());
}

/** Writes to standard error; ignores errors. */
function warn(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // closed, or a full non-blocking pipe
  }
}
