import { resolve } from 'node:path';
import type { Definition } from '../../domain/definition.js';
import { ToolError } from '../../lib/errors.js';
import { isOff, type LintConfiguration } from '../../lint/configuration.js';
import type { CustomRule } from '../../lint/custom-rule.js';
import type { DisableComments } from '../../lint/disable-comments.js';
import type { Checked } from '../../lint/finish-findings.js';
import { lintConfigured } from '../../lint/lint-configured.js';
import { type FileReport, reportFile, reportUnreadable, summarize } from '../../lint/report.js';
import type { Finding } from '../../lint/rule.js';
import { NOT_A_DOMAIN, SCHEMA } from '../../lint/rules/index.js';
import { tooLargeForSchema } from '../../lint/schema-findings.js';
import { decode } from '../../xml/decode.js';
import { type FoundFile, findFiles } from '../files/find-files.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { checkSchema, type Ruled } from '../lint/check-schema.js';
import { type ConfigurationOptions, openConfigurations } from '../lint/configurations.js';
import { Progress } from '../lint/progress.js';
import { type FormatName, renderReport } from '../lint/render-report.js';
import { type SchemaOptions, type SchemaRun, startSchemaRun } from '../lint/schema-run.js';

const PROGRAM = 'lint-domain';

export interface LintOptions extends SchemaOptions, ConfigurationOptions {
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
  configuration: LintConfiguration | undefined;
  comments: DisableComments | undefined;
}

/** `lint-domain`: prints the report; returns the exit status. */
export async function lint(options: LintOptions, io: Io, early?: SchemaRun): Promise<number> {
  const found = early?.files ?? findFiles(options.paths);
  if (found.length === 0) throw new ToolError(`no .xml file in ${options.paths.join(', ')}`);
  const configurationOf = await openConfigurations(found, options, io);
  const toCheck = found.filter((file) => !isOff(configurationOf(file), SCHEMA.name));
  const run = early ?? startSchemaRun(toCheck, options, io.env);
  const askHost = options.host ? (await import('../lint/lint-host.js')).openLintHost(options.root) : undefined;
  const progress = new Progress(found.length, io.stderr);
  const files = found.map((file) => {
    const linted = lintFile(file, configurationOf(file), askHost, io);
    progress.advance();
    return linted;
  });
  forgiveForeign(files, options.paths);
  progress.wait('checking against the schema');
  const checkable = files.filter((file): file is Pending => !(file instanceof UnreadableError) && file.checkable);
  try {
    await checkSchema(run, checkable, run.files.length - checkable.length, io.env);
  } finally {
    progress.clear();
  }
  const note = checkable.length > 0 ? run.grammar.note : undefined;
  await finish(files, { schema: note === undefined, host: askHost !== undefined });
  const report = summarize(files.map(fileReport), note);
  const lines = files.map((file) => (file instanceof UnreadableError ? undefined : file.lines));
  const customRules = customRulesOf(found.map(configurationOf));
  await renderReport(report, lines, options.format ?? 'text', io, customRules);

  const complain = (message: string) => io.stderr.write(errorLine(PROGRAM, message));
  if (note) io.stderr.write(`note: ${note}\n`);
  for (const file of files) if (file instanceof UnreadableError) complain(file.message);
  const { errors, warnings, unreadable } = report.summary;
  const tooMany = options.maxWarnings !== undefined && warnings > options.maxWarnings;
  if (tooMany) complain(`${warnings} warnings, --max-warnings is ${options.maxWarnings}`);
  if (unreadable > 0) return EXIT.failed;
  return errors > 0 || tooMany ? EXIT.findings : EXIT.ok;
}

function lintFile(
  { path }: FoundFile,
  configuration: LintConfiguration | undefined,
  askHost: AskHost | undefined,
  io: Io,
): Pending | UnreadableError {
  let bytes: Uint8Array;
  try {
    bytes = readInput(path, io.stdin.fd);
  } catch (error) {
    if (error instanceof UnreadableError) return error;
    throw error;
  }
  let unasked: Finding | undefined;
  const { lines, findings, definition, comments } = lintConfigured(decode(bytes), configuration, (domain) => {
    unasked = tooLargeForSchema(domain.document);
    return [...(askHost?.(domain) ?? []), ...(unasked ? [unasked] : [])];
  });
  const checkable = definition !== undefined && !unasked && !isOff(configuration, SCHEMA.name);
  return { path, lines, findings, checkable, configuration, comments };
}

/** What is left to do after the schema, where a configuration or a comment says something about a document. */
async function finish(files: readonly (Pending | UnreadableError)[], checked: Checked): Promise<void> {
  const touched = files.filter(
    (file): file is Pending => !(file instanceof UnreadableError) && Boolean(file.configuration || file.comments),
  );
  if (touched.length === 0) return;
  const { finishFindings } = await import('../../lint/finish-findings.js');
  for (const file of touched) {
    const schema = checked.schema && file.checkable;
    file.findings = finishFindings(file.findings, file.configuration, file.comments, { ...checked, schema });
  }
}

/** Those of all configurations, each once. */
function customRulesOf(configurations: readonly (LintConfiguration | undefined)[]): CustomRule[] {
  const used = new Set(configurations);
  return [...used].flatMap((configuration) => configuration?.customRules ?? []);
}

/** In a folder such as /etc/libvirt/qemu, networks lie beside domains: what nobody asked for by name is no error. */
function forgiveForeign(files: readonly (Pending | UnreadableError)[], asked: readonly string[]): void {
  let named: Set<string> | undefined;
  for (const file of files) {
    const foreign = file instanceof UnreadableError ? undefined : file.findings.find(isForeign);
    if (!foreign || file.path === '-') continue;
    named ??= new Set(asked.map((path) => resolve(path)));
    if (!named.has(resolve(file.path))) foreign.severity = 'note';
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
