import { findFiles } from './find-files.js';
import { processIo } from './io.js';
import { run } from './run.js';
import { type SchemaRun, startSchemaRun } from './schema-run.js';

/** The executables: each calls this with its name. */
export async function main(program: 'hostdev-cpuset' | 'lint-domain'): Promise<void> {
  const args = process.argv.slice(2);
  const early = program === 'lint-domain' ? startEarly(args) : undefined;
  process.exitCode = await run(program, args, processIo(program), early);
  // Everything is written by then, and dismantling the heap of a process that ends is time lost. A bug never comes this far.
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
