import { resolve } from 'node:path';
import { ToolError } from '../../lib/errors.js';
import { isOff, type LintConfiguration } from '../../lint/configuration.js';
import type { CustomRule } from '../../lint/custom-rule.js';
import type { DisableComments } from '../../lint/disable-comments.js';
import type { Checked } from '../../lint/finish-findings.js';
import type { GuestCpus } from '../../lint/host-rules/shared-cpus.js';
import { lintConfigured } from '../../lint/lint-configured.js';
import { type FileReport, reportFile, reportUnreadable, summarize } from '../../lint/report.js';
import { type Finding, inOrder } from '../../lint/rule.js';
import { NOT_A_DOMAIN, SCHEMA } from '../../lint/rules/index.js';
import { tooLargeForSchema } from '../../lint/schema-findings.js';
import { decode } from '../../xml/decode.js';
import { type FoundFile, findFiles } from '../files/find-files.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { type ConfigurationOptions, type Configurations, openConfigurations } from '../lint/configurations.js';
import type { LintHostCheck } from '../lint/lint-host.js';
import { Progress } from '../lint/progress.js';
import { type FormatName, renderReport } from '../lint/render-report.js';
import { checkSchema, explainFirst, type LintedDocument } from '../lint/schema-check.js';
import { type SchemaOptions, type SchemaRun, startSchemaRun } from '../lint/schema-run.js';

const PROGRAM = 'lint-domain';

export interface LintOptions extends SchemaOptions, ConfigurationOptions {
  /** files, folders, `-` */
  paths: readonly string[];
  format?: FormatName | undefined;
  maxWarnings?: number | undefined;
  /** also check against the host */
  host?: boolean | undefined;
  /** a directory with /sys, /proc, /run and /etc to use instead of this host's */
  root?: string | undefined;
}

/** A file that waits for the schema check. It has no definition: thousands may wait, and memory is limited. */
interface LintedFile extends LintedDocument {
  /** true: a domain that can be checked against the schema */
  checkable: boolean;
  configuration: LintConfiguration | undefined;
  comments: DisableComments | undefined;
  /** with a host */
  guest: GuestCpus | undefined;
}

/** `lint-domain`: prints the report; returns the exit status. */
export async function lint(options: LintOptions, io: Io): Promise<number> {
  const found = findFiles(options.paths);
  if (found.length === 0) throw new ToolError(`no .xml file in ${options.paths.join(', ')}`);
  const configurationOf = await openConfigurations(found, options, io);
  const toCheck = found.filter((file) => !isOff(configurationOf(file), SCHEMA.name));
  const run = await startSchemaRun(toCheck, options, io.env);
  try {
    return await lintWith(run, found, options, configurationOf, io);
  } finally {
    run.xmllint?.cancel();
  }
}

async function lintWith(
  run: SchemaRun,
  found: readonly FoundFile[],
  options: LintOptions,
  configurationOf: Configurations,
  io: Io,
): Promise<number> {
  const hostCheck = options.host ? (await import('../lint/lint-host.js')).openLintHost(options.root) : undefined;
  const progress = new Progress(found.length, io.stderr, () => io.columns());
  const files = found.map((file) => {
    const linted = lintFile(file, configurationOf(file), hostCheck, run, io);
    progress.advance();
    return linted;
  });
  downgradeOtherDocuments(files, options.paths);
  if (hostCheck) addSharedCpus(files, hostCheck);
  progress.wait('checking against the schema');
  const checkable = files.filter((file): file is LintedFile => !(file instanceof UnreadableError) && file.checkable);
  try {
    await checkSchema(run, checkable, run.files.length - checkable.length, io.env);
  } finally {
    progress.clear();
  }
  const note = checkable.length > 0 ? run.grammar.note : undefined;
  await applyConfigurations(files, { schema: note === undefined, host: hostCheck !== undefined });
  const report = summarize(files.map(fileReport), note);
  const lines = files.map((file) => (file instanceof UnreadableError ? undefined : file.lines));
  const customRules = customRulesOf(found.map(configurationOf));
  await renderReport(report, lines, options.format ?? 'text', io, customRules);

  const printError = (message: string) => io.stderr.write(errorLine(PROGRAM, message));
  if (note) io.stderr.write(errorLine('note', note));
  for (const file of files) if (file instanceof UnreadableError) printError(file.message);
  const { errors, warnings, unreadable } = report.summary;
  const tooMany = options.maxWarnings !== undefined && warnings > options.maxWarnings;
  if (tooMany) printError(`${warnings} warnings, --max-warnings is ${options.maxWarnings}`);
  if (unreadable > 0) return EXIT.failed;
  return errors > 0 || tooMany ? EXIT.findings : EXIT.ok;
}

function lintFile(
  { path }: FoundFile,
  configuration: LintConfiguration | undefined,
  hostCheck: LintHostCheck | undefined,
  run: SchemaRun,
  io: Io,
): LintedFile | UnreadableError {
  let bytes: Uint8Array;
  try {
    bytes = readInput(path, io.stdin.fd);
  } catch (error) {
    if (error instanceof UnreadableError) return error;
    throw error;
  }
  let notChecked: Finding | undefined;
  let guest: GuestCpus | undefined;
  const { lines, findings, definition, comments } = lintConfigured(decode(bytes), configuration, (domain) => {
    notChecked = tooLargeForSchema(domain.document);
    const onHost = hostCheck?.check(domain);
    guest = onHost?.guest;
    return [...(onHost?.findings ?? []), ...(notChecked ? [notChecked] : [])];
  });
  const checkable = definition !== undefined && !notChecked && !isOff(configuration, SCHEMA.name);
  const explained = checkable ? explainFirst(run, definition.document) : undefined;
  return { path, lines, findings, checkable, configuration, comments, guest, explained };
}

/** Adds the findings that concern the guests of several files. */
function addSharedCpus(files: readonly (LintedFile | UnreadableError)[], hostCheck: LintHostCheck): void {
  const guests = files.flatMap((file) => (file instanceof UnreadableError ? [] : (file.guest ?? [])));
  const shared = hostCheck.compare(guests);
  for (const file of files) {
    const found = file instanceof UnreadableError || !file.guest ? undefined : shared.get(file.guest);
    if (found && !(file instanceof UnreadableError)) file.findings = inOrder([...file.findings, ...found]);
  }
}

/** Applies configurations and disabling comments, after the schema check. Only loaded if a document has any. */
async function applyConfigurations(files: readonly (LintedFile | UnreadableError)[], checked: Checked): Promise<void> {
  const configured = files.filter(
    (file): file is LintedFile => !(file instanceof UnreadableError) && Boolean(file.configuration || file.comments),
  );
  if (configured.length === 0) return;
  const { finishFindings } = await import('../../lint/finish-findings.js');
  for (const file of configured) {
    const schema = checked.schema && file.checkable;
    file.findings = finishFindings(file.findings, file.configuration, file.comments, { ...checked, schema });
  }
}

/** The rules of all configurations, each once. */
function customRulesOf(configurations: readonly (LintConfiguration | undefined)[]): CustomRule[] {
  const distinct = new Set(configurations);
  return [...distinct].flatMap((configuration) => configuration?.customRules ?? []);
}

/**
 * Directories such as /etc/libvirt/qemu also contain networks. A document that is not a domain is an error only if the
 * user named the file.
 */
function downgradeOtherDocuments(files: readonly (LintedFile | UnreadableError)[], paths: readonly string[]): void {
  let named: Set<string> | undefined;
  for (const file of files) {
    const other = file instanceof UnreadableError ? undefined : file.findings.find(isOtherDocument);
    if (!other || file.path === '-') continue;
    named ??= new Set(paths.map((path) => resolve(path)));
    if (!named.has(resolve(file.path))) other.severity = 'note';
  }
}

/**
 * Whether the root element is that of another document, such as a network: not a misspelt <domain>, or one in a
 * namespace.
 */
function isOtherDocument({ rule, message }: Finding): boolean {
  return rule === NOT_A_DOMAIN.name && !/^<([\w.-]+:)?domain>/i.test(message);
}

function fileReport(file: LintedFile | UnreadableError): FileReport {
  if (file instanceof UnreadableError) return reportUnreadable(file.path, file.reason);
  return reportFile(file.path === '-' ? STDIN_NAME : file.path, file.findings, file.lines);
}
