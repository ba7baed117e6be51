import type { Definition } from '../../domain/definition.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { inOrder } from '../../lint/rule.js';
import { tooLargeForSchema } from '../../lint/schema-findings.js';
import { decode } from '../../xml/decode.js';
import { colorsFor } from '../colors.js';
import { named } from '../files/find-files.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import type { Io } from '../io.js';
import { checkSchema, type Ruled } from '../lint/check-schema.js';
import { type SchemaOptions, startSchemaRun } from '../lint/schema-run.js';

export type Rewrite = (definition: Definition) => string;

/** A document as it was and as it is rewritten, with whose it is; where it has errors, only as it was. */
export interface Rewritten {
  before: string;
  after: string | undefined;
  name: string;
  uuid: string | undefined;
}

/** `tell` puts what was found on standard error. */
export interface Told extends Rewritten {
  tell(): void;
}

/** A document that the rules have seen. The definition is let go: thousands of documents may be waiting for the schema. */
interface Waiting extends Ruled, Rewritten {
  /** it is a domain that the schema can be asked about */
  checkable: boolean;
}

/**
 * Reads, checks and rewrites documents, all with one run of the schema's engine.
 * @param check whether the schema is asked
 * @returns of each path, in their order, what was read; what was found in it is still to be told
 */
export async function rewriteAll(
  paths: readonly string[],
  options: SchemaOptions,
  io: Io,
  rewrite: Rewrite,
  check: boolean,
): Promise<(Told | UnreadableError)[]> {
  const run = check ? startSchemaRun(paths.map(named), options, io.env) : undefined;
  try {
    const files = paths.map((path) => readOne(path, io, rewrite, check));
    const checkable = files.filter((file): file is Waiting => !(file instanceof UnreadableError) && file.checkable);
    if (run) await checkSchema(run, checkable, files.length - checkable.length, io.env);
    if (run?.grammar.note && checkable.length > 0) io.stderr.write(`note: ${run.grammar.note}\n`);
    return files.map((file) => (file instanceof UnreadableError ? file : told(file, io)));
  } finally {
    run?.xmllint?.cancel();
  }
}

/** The same for one document; what was found is then on standard error. @throws UnreadableError */
export async function rewriteOne(
  path: string,
  options: SchemaOptions,
  io: Io,
  rewrite: Rewrite,
  check: boolean,
): Promise<Rewritten> {
  const [file] = await rewriteAll([path], options, io, rewrite, check);
  if (!file || file instanceof UnreadableError) throw file ?? new UnreadableError(path, 'not read');
  file.tell();
  return file;
}

function readOne(path: string, io: Io, rewrite: Rewrite, check: boolean): Waiting | UnreadableError {
  try {
    const { lines, definition, findings } = lintDocument(decode(readInput(path, io.stdin.fd)));
    const { name = '', uuid } = definition ?? {};
    const unasked = check && definition && tooLargeForSchema(definition.document);
    if (unasked) findings.push(unasked);
    const isGood = definition && !findings.some(({ severity }) => severity === 'error');
    const after = isGood ? rewrite(definition) : undefined;
    const checkable = definition !== undefined && !unasked;
    return { path, lines, findings: inOrder(findings), checkable, before: lines.text, after, name, uuid };
  } catch (error) {
    if (error instanceof UnreadableError) return error;
    throw error;
  }
}

function told({ path, lines, findings, before, after, name, uuid }: Waiting, io: Io): Told {
  const report = reportFile(path === '-' ? STDIN_NAME : path, findings, lines);
  const tell = () => {
    const paint = colorsFor(io.stderr, io.env);
    for (const finding of report.findings) {
      io.stderr.write(formatFinding(report.path, finding, lines.line(finding.line), paint));
    }
  };
  return { before, after: report.valid ? after : undefined, name, uuid, tell };
}
