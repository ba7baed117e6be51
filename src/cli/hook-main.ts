import { writeSync } from 'node:fs';
import { hookCommand } from './commands/hook.js';
import { EXIT } from './io.js';

/**
 * `hostdev-cpuset hook` is a program of its own, in one file: libvirt waits for it. Its words are no options, so it goes
 * without what reads a command line, and without Node's streams, which take longer to open than it takes to work.
 */
export async function main(): Promise<void> {
  try {
    process.exitCode = await hookCommand(process.argv.slice(3), { env: process.env, stderr: { write: warn } });
  } catch (error) {
    warn(`hostdev-cpuset: ${(error as Error)?.stack ?? String(error)}\n`);
    process.exitCode = EXIT.failed;
  }
  // Everything is written by then, and dismantling the heap of a process that ends is time lost.
  process.on('exit', () => process.exit());
}

/** Whoever does not listen any more need not be told. */
function warn(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // closed, or full and not to be waited for
  }
}
