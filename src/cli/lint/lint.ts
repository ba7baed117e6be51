import { resolve } from 'node:path';
import type { Definition } from '../../domain/definition.js';
import { lintDocument } from '../../lint/lint-document.js';
import { type FileReport, reportFile, reportUnreadable, summarize } from '../../lint/report.js';
import { type Finding, inOrder } from '../../lint/rule.js';
import { NOT_A_DOMAIN } from '../../lint/rules/index.js';
import { beyondSchema } from '../../lint/schema-findings.js';
import { decode } from '../../xml/decode.js';
import { findFiles } from '../files/find-files.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import { EXIT, errorLine, type Io, ToolError } from '../io.js';
import { checkSchema, type Ruled } from './check-schema.js';
import { Progress } from './progress.js';
import { type FormatName, renderReport } from './render-report.js';
import { type SchemaOptions, type SchemaRun, startSchemaRun } from './schema-run.js';

const PROGRAM = 'lint-domain';

export interface LintOptions extends SchemaOptions {
  /** files, folders, `-` */
  paths: readonly string[];
  format?: FormatName | undefined;
  maxWarnings?: number | undefined;
  /** ask the host, too */
  host?: boolean | undefined;
  /** a tree in place of the host */
  root?: string | undefined;
}

type AskHost = (definition: Definition) => Finding[];

/** A file after the rules, waiting for the schema. The definition is let go: thousands of files may be waiting. */
interface Pending extends Ruled {
  /** it is a domain that the schema can be asked about */
  checkable: boolean;
}

/** `lint-domain`: prints the report; returns the exit status. */
export async function lint(options: LintOptions, io: Io, early?: SchemaRun): Promise<number> {
  const paths = early?.files ?? findFiles(options.paths);
  if (paths.length === 0) throw new ToolError(`no .xml file in ${options.paths.join(', ')}`);
  const run = early ?? startSchemaRun(paths, options, io.env);
  const askHost = options.host ? (await import('./lint-host.js')).openLintHost(options.root) : undefined;
  const progress = new Progress(paths.length, io.stderr);
  const named = new Set(options.paths.map((path) => resolve(path)));
  const files = paths.map((path) => {
    const file = lintFile(path, path === '-' || named.has(resolve(path)), askHost, io);
    progress.advance();
    return file;
  });
  progress.wait('checking against the schema');
  const checkable = files.filter((file): file is Pending => !(file instanceof UnreadableError) && file.checkable);
  try {
    await checkSchema(run, checkable, files.length - checkable.length, io.env);
  } finally {
    progress.clear();
  }
  const note = checkable.length > 0 ? run.grammar.note : undefined;
  const report = summarize(files.map(fileReport), note);
  const lines = files.map((file) => (file instanceof UnreadableError ? undefined : file.lines));
  await renderReport(report, lines, options.format ?? 'text', io);

  const complain = (message: string) => io.stderr.write(errorLine(PROGRAM, message));
  if (note) io.stderr.write(`note: ${note}\n`);
  for (const file of files) if (file instanceof UnreadableError) complain(file.message);
  const { errors, warnings, unreadable } = report.summary;
  const tooMany = options.maxWarnings !== undefined && warnings > options.maxWarnings;
  if (tooMany) complain(`${warnings} warnings, --max-warnings is ${options.maxWarnings}`);
  if (unreadable > 0) return EXIT.failed;
  return errors > 0 || tooMany ? EXIT.findings : EXIT.ok;
}

/** In a folder such as /etc/libvirt/qemu, networks lie beside domains: what nobody asked for by name is no error. */
function lintFile(path: string, named: boolean, askHost: AskHost | undefined, io: Io): Pending | UnreadableError {
  try {
    const { lines, findings, definition } = lintDocument(decode(readInput(path, io.stdin.fd)));
    if (!named) for (const finding of findings) if (isForeign(finding)) finding.severity = 'note';
    if (definition && askHost) findings.push(...askHost(definition));
    const unasked = definition && beyondSchema(definition.document);
    if (unasked) findings.push(unasked);
    return { path, lines, findings: inOrder(findings), checkable: definition !== undefined && !unasked };
  } catch (error) {
    if (error instanceof UnreadableError) return error;
    throw error;
  }
}

/** Something else than a domain; but not a domain that is spelled wrong, or in a namespace. */
function isForeign({ rule, message }: Finding): boolean {
  return rule === NOT_A_DOMAIN.name && !/^<([\w.-]+:)?domain>/i.test(message);
}

function fileReport(file: Pending | UnreadableError): FileReport {
  if (file instanceof UnreadableError) return reportUnreadable(file.path, file.reason);
  return reportFile(file.path === '-' ? STDIN_NAME : file.path, file.findings, file.lines);
}
