import { inOrder, lintDocument } from '../lint/lint-document.js';
import { reportFile, summarize } from '../lint/report.js';
import type { Finding } from '../lint/rule.js';
import { schemaFindings } from '../lint/schema-findings.js';
import { decode } from '../xml/decode.js';
import { LineIndex } from '../xml/position.js';
import { findFiles } from './find-files.js';
import { EXIT, type Io, ToolError } from './io.js';
import { Progress } from './progress.js';
import { readFile, readStdin, STDIN_NAME } from './read-input.js';
import { type FormatName, renderReport } from './render-report.js';
import { type SchemaOptions, type SchemaRun, startSchemaRun } from './schema-run.js';
import { verdictsOf } from './verdicts.js';

export interface LintOptions extends SchemaOptions {
  /** files, folders, `-` */
  paths: readonly string[];
  format?: FormatName;
  maxWarnings?: number | undefined;
}

/** A file after the rules, waiting for the schema. The definition is let go: thousands of files may be waiting. */
interface Pending {
  path: string;
  lines: LineIndex;
  findings: Finding[];
  /** it is a domain */
  checkable: boolean;
}

/** `lint-domain`: prints the report; returns the exit status. */
export async function lint(options: LintOptions, io: Io, early?: SchemaRun): Promise<number> {
  const files = findFiles(options.paths);
  if (files.length === 0) throw new ToolError(`no .xml file in ${options.paths.join(', ')}`);
  const run = early ?? startSchemaRun(files, options, io.env);
  const progress = new Progress(files.length, io.stderr);
  const problems: string[] = [];
  const pending: Pending[] = [];
  for (const path of files) {
    try {
      pending.push(lintFile(path, io));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      problems.push(error.message);
    }
    progress.advance();
  }
  const checkable = pending.filter((file) => file.checkable);
  const documents = checkable.map(({ path, lines }) => ({ path, text: lines.text }));
  const verdicts = await verdictsOf(run, documents, files.length - checkable.length, io.env);
  for (const [index, file] of checkable.entries()) {
    const verdict = verdicts[index];
    if (verdict && !verdict.valid) file.findings = inOrder(await schemaFindings(file, verdict, run.grammar));
  }
  progress.clear();
  const report = summarize(pending.map(({ path, findings, lines }) => reportFile(shownAs(path), findings, lines)));
  renderReport(
    report,
    pending.map(({ lines }) => lines),
    options.format ?? 'text',
    io,
  );
  if (run.grammar.note && checkable.length > 0) io.stderr.write(`note: ${run.grammar.note}\n`);
  for (const problem of problems) io.stderr.write(`lint-domain: ${problem}\n`);
  if (problems.length > 0) return EXIT.failed;
  const tooMany = options.maxWarnings !== undefined && report.summary.warnings > options.maxWarnings;
  if (tooMany)
    io.stderr.write(`lint-domain: ${report.summary.warnings} warnings, --max-warnings is ${options.maxWarnings}\n`);
  return report.summary.errors > 0 || tooMany ? EXIT.findings : EXIT.ok;
}

function lintFile(path: string, io: Io): Pending {
  const { lines, findings, definition } = lintDocument(decode(path === '-' ? readStdin(io.stdin.fd) : readFile(path)));
  return { path, lines, findings, checkable: definition !== undefined };
}

const shownAs = (path: string) => (path === '-' ? STDIN_NAME : path);
