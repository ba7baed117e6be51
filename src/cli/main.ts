import { printableLines } from '../lib/printable.js';
import { EXIT } from './io.js';
import { processIo } from './process-io.js';
import { run } from './run.js';

/** Called by each executable with its name. */
export async function main(program: 'hostdev-cpuset' | 'lint-domain'): Promise<void> {
  const args = process.argv.slice(2);
  try {
    process.exitCode = await run(program, args, processIo(program));
  } catch (error) {
    // a bug: print the stack, and exit as for any failure of the tool
    process.stderr.write(printableLines(`${program}: ${(error as Error)?.stack ?? String(error)}\n`));
    process.exitCode = EXIT.failed;
  }
  // all output is written by then; this skips Node's slow cleanup
  process.on('exit', () => process.exit());
}
