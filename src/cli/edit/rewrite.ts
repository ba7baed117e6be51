import { realpathSync } from 'node:fs';
import type { Definition } from '../../domain/definition.js';
import { ToolError } from '../../lib/errors.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { inOrder } from '../../lint/rule.js';
import { noPolicy } from '../../lint/rules/no-policy.js';
import { tooLargeForSchema } from '../../lint/schema-findings.js';
import { decode } from '../../xml/decode.js';
import { colorsFor } from '../colors.js';
import { named } from '../files/find-files.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { checkSchema, explainFirst, type LintedDocument } from '../lint/schema-check.js';
import { type SchemaOptions, type SchemaRun, startSchemaRun } from '../lint/schema-run.js';

/** Makes the new text of a definition. */
export type Rewrite = (definition: Definition) => string;

/** A document before and after, with the name and UUID of its domain. `after` is undefined if it has errors. */
export interface Rewritten {
  before: string;
  after: string | undefined;
  name: string;
  uuid: string | undefined;
  /** message that the domain has host devices but no policy; undefined if it has a policy, or no host devices */
  withoutPolicy: string | undefined;
}

export interface RewrittenFile extends Rewritten {
  /** writes the findings to standard error */
  printFindings(): void;
}

/**
 * A linted document that waits for the schema check. It has no definition: thousands may wait, and memory is limited.
 */
interface PendingRewrite extends LintedDocument, Rewritten {
  /** true: a domain that can be checked against the schema */
  checkable: boolean;
}

/**
 * Reads, checks and rewrites documents with one run of the schema engine, then finishes each one. A document that
 * cannot be read or finished does not stop the others.
 * @param useSchema whether to check against the schema
 * @param finish the command's last step for a document; returns an exit status, or throws ToolError
 * @returns the worst exit status
 */
export async function rewriteEach(
  { paths, ...options }: SchemaOptions & { paths: readonly string[] },
  io: Io,
  rewrite: Rewrite,
  useSchema: boolean,
  finish: (path: string, file: RewrittenFile) => number | Promise<number>,
): Promise<number> {
  const distinct = distinctFiles(paths);
  const files = await rewriteAll(distinct, options, io, rewrite, useSchema);
  let status: number = EXIT.ok;
  for (const [index, file] of files.entries()) {
    try {
      if (file instanceof UnreadableError) throw file;
      status = Math.max(status, await finish(distinct[index] as string, file));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      io.stderr.write(errorLine('hostdev-cpuset', error.message));
      status = EXIT.failed;
    }
  }
  return status;
}

/** The same for one document; its findings are printed. @throws UnreadableError */
export async function rewriteOne(
  path: string,
  options: SchemaOptions,
  io: Io,
  rewrite: Rewrite,
  useSchema: boolean,
): Promise<Rewritten> {
  const [file] = await rewriteAll([path], options, io, rewrite, useSchema);
  if (!file || file instanceof UnreadableError) throw file ?? new UnreadableError(path, 'not read');
  file.printFindings();
  return file;
}

/** The result of each path, in order. */
async function rewriteAll(
  paths: readonly string[],
  options: SchemaOptions,
  io: Io,
  rewrite: Rewrite,
  useSchema: boolean,
): Promise<(RewrittenFile | UnreadableError)[]> {
  const run = useSchema ? await startSchemaRun(paths.map(named), options, io.env) : undefined;
  try {
    const files = paths.map((path) => readOne(path, io, rewrite, run));
    const isCheckable = (file: PendingRewrite | UnreadableError): file is PendingRewrite =>
      !(file instanceof UnreadableError) && file.checkable;
    const checkable = files.filter(isCheckable);
    if (run) await checkSchema(run, checkable, files.length - checkable.length, io.env);
    if (run?.grammar.note && checkable.length > 0) io.stderr.write(errorLine('note', run.grammar.note));
    return files.map((file) => (file instanceof UnreadableError ? file : withReport(file, io)));
  } finally {
    run?.xmllint?.cancel();
  }
}

function readOne(path: string, io: Io, rewrite: Rewrite, run: SchemaRun | undefined): PendingRewrite | UnreadableError {
  try {
    const { lines, definition, findings } = lintDocument(decode(readInput(path, io.stdin.fd)));
    const { name = '', uuid } = definition ?? {};
    const withoutPolicy = findings.find(({ rule }) => rule === noPolicy.name);
    if (withoutPolicy) findings.splice(findings.indexOf(withoutPolicy), 1);
    const notChecked = run && definition && tooLargeForSchema(definition.document);
    if (notChecked) findings.push(notChecked);
    const isValid = definition && !findings.some(({ severity }) => severity === 'error');
    const after = isValid ? rewrite(definition) : undefined;
    const checkable = definition !== undefined && !notChecked;
    const explained = run && checkable ? explainFirst(run, definition.document) : undefined;
    const document = { before: lines.text, after, name, uuid, withoutPolicy: withoutPolicy?.message };
    return { path, lines, findings: inOrder(findings), checkable, explained, ...document };
  } catch (error) {
    if (error instanceof UnreadableError) return error;
    throw error;
  }
}

function withReport({ path, lines, findings, after, ...document }: PendingRewrite, io: Io): RewrittenFile {
  const report = reportFile(path === '-' ? STDIN_NAME : path, findings, lines);
  const printFindings = () => {
    const paint = colorsFor(io.stderr, io.env);
    for (const finding of report.findings) {
      io.stderr.write(formatFinding(report.path, finding, lines.line(finding.line), paint, io.columns()));
    }
  };
  return { ...document, after: report.valid ? after : undefined, printFindings };
}

/** The first path of each file: one file may have several paths. */
function distinctFiles(paths: readonly string[]): string[] {
  const pathOf = new Map<string, string>();
  for (const path of paths) {
    const file = resolveLinks(path);
    if (!pathOf.has(file)) pathOf.set(file, path);
  }
  return [...pathOf.values()];
}

function resolveLinks(path: string): string {
  try {
    return path === '-' ? path : realpathSync(path);
  } catch {
    return path;
  }
}
