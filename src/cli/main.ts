import { printableLines } from '../lib/printable.js';
import { findFiles } from './files/find-files.js';
import { EXIT } from './io.js';
import { type SchemaRun, startSchemaRun } from './lint/schema-run.js';
import { processIo } from './process-io.js';
import { run } from './run.js';

/** Called by each executable with its name. */
export async function main(program: 'hostdev-cpuset' | 'lint-domain'): Promise<void> {
  const args = process.argv.slice(2);
  const early = program === 'lint-domain' ? startEarly(args) : undefined;
  try {
    process.exitCode = await run(program, args, processIo(program), early);
  } catch (error) {
    // a bug: print the stack, and exit as for any failure of the tool
    process.stderr.write(printableLines(`${program}: ${(error as Error)?.stack ?? String(error)}\n`));
    process.exitCode = EXIT.failed;
  }
  // all output is written by then; this skips Node's slow cleanup
  process.on('exit', () => process.exit());
}

/** Without options, xmllint can start before the rest of the code is loaded. */
function startEarly(args: readonly string[]): SchemaRun | undefined {
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) return undefined;
  try {
    return startSchemaRun(findFiles(args), {}, process.env);
  } catch {
    return undefined; // the normal path reports the error
  }
}
