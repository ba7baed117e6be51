import { findFiles } from './files/find-files.js';
import { EXIT } from './io.js';
import { type SchemaRun, startSchemaRun } from './lint/schema-run.js';
import { processIo } from './process-io.js';
import { run } from './run.js';

/** The executables: each calls this with its name. */
export async function main(program: 'hostdev-cpuset' | 'lint-domain'): Promise<void> {
  const args = process.argv.slice(2);
  const early = program === 'lint-domain' ? startEarly(args) : undefined;
  try {
    process.exitCode = await run(program, args, processIo(program), early);
  } catch (error) {
    // A bug: its stack is for us, but the status is the one of a tool that could not do its work.
    process.stderr.write(`${program}: ${(error as Error)?.stack ?? String(error)}\n`);
    process.exitCode = EXIT.failed;
  }
  // Everything is written by then, and dismantling the heap of a process that ends is time lost.
  process.on('exit', () => process.exit());
}

/** Without options nothing stands in the way of starting xmllint before anything else is loaded. */
function startEarly(args: readonly string[]): SchemaRun | undefined {
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) return undefined;
  try {
    return startSchemaRun(findFiles(args), {}, process.env);
  } catch {
    return undefined; // said again by the ordinary way
  }
}
