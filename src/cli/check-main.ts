import { printableLines } from '../lib/printable.js';
import { plainCheck } from './check-arguments.js';
import { checkStatus } from './commands/status-check.js';
import { EXIT } from './io.js';
import { processIo } from './process-io.js';

const PROGRAM = 'hostdev-cpuset';

/**
 * `status --check` with the usual arguments. It is a bundle in one file, as monitoring calls it often: most of the time
 * would go into loading the rest.
 * @returns false if the arguments need the parser; then nothing was done
 */
export function main(): boolean {
  const options = plainCheck(process.argv.slice(2));
  if (!options) return false;
  try {
    process.exitCode = checkStatus(options, processIo(PROGRAM));
  } catch (error) {
    process.stderr.write(printableLines(`${PROGRAM}: ${(error as Error)?.stack ?? String(error)}\n`));
    process.exitCode = EXIT.failed;
  }
  // all output has been written; this skips Node's slow cleanup
  process.on('exit', () => process.exit());
  return true;
}
