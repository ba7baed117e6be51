import type { Definition } from '../domain/definition.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { formatFinding } from '../lint/formats/text.js';
import { inOrder, lintDocument } from '../lint/lint-document.js';
import { reportFile } from '../lint/report.js';
import type { Finding } from '../lint/rule.js';
import { schemaFindings } from '../lint/schema-findings.js';
import { expand } from '../transform/expand.js';
import { normalize } from '../transform/normalize.js';
import { decode } from '../xml/decode.js';
import type { LineIndex } from '../xml/position.js';
import { EXIT, type Io, ToolError } from './io.js';
import { readFile, readStdin, STDIN_NAME } from './read-input.js';
import { painter } from './render-report.js';
import { replaceFile } from './replace-file.js';
import { type SchemaOptions, startSchemaRun } from './schema-run.js';
import { verdictsOf } from './verdicts.js';

export interface TransformOptions extends SchemaOptions {
  paths: readonly string[];
  inPlace?: boolean;
}

export interface NormalizeCommandOptions extends TransformOptions {
  default?: DefaultPolicy | undefined;
  /** false: the schema is not asked */
  check?: boolean;
}

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
    const text = await transformOne(path, options, io, rewrite, check);
    if (text === undefined) status = EXIT.findings;
    else if (options.inPlace) replaceFile(path, text);
    else io.stdout.write(text);
  }
  return status;
}

/** The new text; undefined where the input has errors, which are then on standard error. */
async function transformOne(
  path: string,
  options: TransformOptions,
  io: Io,
  rewrite: (definition: Definition) => string,
  check: boolean,
): Promise<string | undefined> {
  const decoded = decode(path === '-' ? readStdin(io.stdin.fd) : readFile(path));
  const { lines, definition, findings } = lintDocument(decoded);
  const all = definition && check ? await checkSchema(path, { lines, findings }, options, io) : findings;
  const report = reportFile(path === '-' ? STDIN_NAME : path, all, lines);
  const paint = painter(io.stderr, io.env);
  for (const finding of report.findings) {
    io.stderr.write(formatFinding(report.path, finding, lines.line(finding.line), paint));
  }
  return report.valid && definition ? rewrite(definition) : undefined;
}

async function checkSchema(
  path: string,
  linted: { lines: LineIndex; findings: Finding[] },
  options: SchemaOptions,
  io: Io,
): Promise<Finding[]> {
  const run = startSchemaRun([path], options, io.env);
  const [verdict] = await verdictsOf(run, [{ path, text: linted.lines.text }], 0, io.env);
  if (run.grammar.note) io.stderr.write(`note: ${run.grammar.note}\n`);
  if (!verdict || verdict.valid) return linted.findings;
  return inOrder(await schemaFindings(linted, verdict, run.grammar));
}
