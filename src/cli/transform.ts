import type { Definition } from '../domain/definition.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { formatFinding } from '../lint/formats/text.js';
import { lintDocument } from '../lint/lint-document.js';
import { reportFile } from '../lint/report.js';
import { expand } from '../transform/expand.js';
import { normalize } from '../transform/normalize.js';
import { decode } from '../xml/decode.js';
import { checkSchema } from './check-schema.js';
import { EXIT, errorLine, type Io, ToolError } from './io.js';
import { readInput, STDIN_NAME } from './read-input.js';
import { painter } from './render-report.js';
import { replaceFile } from './replace-file.js';
import { type SchemaOptions, startSchemaRun } from './schema-run.js';

export interface TransformOptions extends SchemaOptions {
  paths: readonly string[];
  inPlace?: boolean;
}

export interface NormalizeCommandOptions extends TransformOptions {
  default?: DefaultPolicy | undefined;
  /** false: the schema is not asked */
  check?: boolean;
}

/** A document as it was and as it is rewritten, with what it defines; or, where it has errors, only as it was. */
export type Transformed =
  | { before: string; after: string; definition: Definition }
  | { before: string; after: undefined; definition: undefined };

/** `hostdev-cpuset normalize`. */
export function normalizeCommand(options: NormalizeCommandOptions, io: Io): Promise<number> {
  const rewrite = (definition: Definition) =>
    normalize(definition, options.default ? { default: options.default } : {});
  return transformAll(options, io, rewrite, options.check ?? true);
}

/** `hostdev-cpuset expand`. What virsh dumps is libvirt's own, so the schema is not asked. */
export function expandCommand(options: TransformOptions, io: Io): Promise<number> {
  return transformAll(options, io, expand, false);
}

async function transformAll(
  options: TransformOptions,
  io: Io,
  rewrite: (definition: Definition) => string,
  check: boolean,
): Promise<number> {
  const { paths } = options;
  if (paths.length > 1 && !options.inPlace) throw new ToolError('several files need --in-place');
  if (paths.includes('-') && options.inPlace) throw new ToolError('--in-place needs files');
  let status: number = EXIT.ok;
  for (const path of paths) {
    try {
      const { before, after } = await transformOne(path, options, io, rewrite, check);
      if (after === undefined) status = Math.max(status, EXIT.findings);
      else if (options.inPlace) replaceFile(path, before, after);
      else io.stdout.write(after);
    } catch (error) {
      // Each file is changed whole or not at all, and one that cannot be does not keep the others from it.
      if (!(error instanceof ToolError)) throw error;
      io.stderr.write(errorLine('hostdev-cpuset', error.message));
      status = EXIT.failed;
    }
  }
  return status;
}

/**
 * Reads, checks and rewrites one document; what is found is then on standard error.
 * @returns the text before and after; `after` and `definition` are undefined where the input has errors
 */
export async function transformOne(
  path: string,
  options: SchemaOptions,
  io: Io,
  rewrite: (definition: Definition) => string,
  check: boolean,
): Promise<Transformed> {
  const { lines, definition, findings } = lintDocument(decode(readInput(path, io.stdin.fd)));
  const file = { path, lines, findings };
  if (definition && check) {
    const run = startSchemaRun([path], options, io.env);
    await checkSchema(run, [file], 0, io.env);
    if (run.grammar.note) io.stderr.write(`note: ${run.grammar.note}\n`);
  }
  const report = reportFile(path === '-' ? STDIN_NAME : path, file.findings, lines);
  const paint = painter(io.stderr, io.env);
  for (const finding of report.findings) {
    io.stderr.write(formatFinding(report.path, finding, lines.line(finding.line), paint));
  }
  if (!report.valid || !definition) return { before: lines.text, after: undefined, definition: undefined };
  return { before: lines.text, after: rewrite(definition), definition };
}
