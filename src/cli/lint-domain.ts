#!/usr/bin/env node
import { findFiles } from './find-files.js';
import { processIo } from './io.js';
import { run } from './run.js';
import { type SchemaRun, startSchemaRun } from './schema-run.js';

const args = process.argv.slice(2);

/** Without options nothing stands in the way of starting xmllint before anything else is loaded. */
function startEarly(): SchemaRun | undefined {
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) return undefined;
  try {
    return startSchemaRun(findFiles(args), {}, process.env);
  } catch {
    return undefined; // said again, in order, by the ordinary way
  }
}

const early = startEarly();
run('lint-domain', args, processIo(), early).then((status) => {
  process.exitCode = status;
});
