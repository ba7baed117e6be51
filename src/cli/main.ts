import { setFlagsFromString } from 'node:v8';
import { printableLines } from '../lib/printable.js';
import { keepHeapSmall } from '../lib/small-heap.js';
import { EXIT } from './io.js';
import { processIo } from './process-io.js';
import { run } from './run.js';

/** Called by each executable with its name. */
export async function main(program: 'hostdev-cpuset' | 'lint-domain'): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length <= FEW_ARGUMENTS) optimizeLater();
  // before most of the program is loaded, which would let the heap grow
  if (args[0] === 'watch') keepHeapSmall();
  try {
    process.exitCode = await run(program, args, processIo(program));
  } catch (error) {
    // a bug: print the stack, and exit with the status of a failure
    process.stderr.write(printableLines(`${program}: ${(error as Error)?.stack ?? String(error)}\n`));
    process.exitCode = EXIT.failed;
  }
  // all output has been written; this skips Node's slow cleanup
  process.on('exit', () => process.exit());
}

const FEW_ARGUMENTS = 10;
const V8_VERSIONS = /^1[01]\./;

/**
 * In a run of 50 ms V8 optimizes functions that are hardly called again; on a machine without a free CPU that takes as
 * long as the rest. With this it optimizes after fifteen times as much work. (V8 12, in Node 22, has no such
 * flag.)
 */
function optimizeLater(): void {
  if (V8_VERSIONS.test(process.versions.v8)) setFlagsFromString('--interrupt-budget=2000000');
}
