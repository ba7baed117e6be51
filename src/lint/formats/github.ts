import { printable } from '../../lib/printable.js';
import type { FileReport, LintReport, ReportedFinding } from '../report.js';
import type { Severity } from '../rule.js';

/** GitHub's workflow commands; there are no other levels. */
const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const satisfies Record<Severity, string>;

/**
 * Workflow commands of GitHub Actions, which turn lines of a step's output into annotations: one line per finding.
 * @param locate converts a path to one relative to the checkout
 */
export function formatGithub({ files, note }: LintReport, locate: (path: string) => string): string {
  const lines = files.flatMap((file) => [
    ...unreadable(file, locate),
    ...file.findings.map((finding) => annotation(locate(file.path), finding)),
  ]);
  if (note !== undefined) lines.push(command('notice', {}, [note]));
  return lines.map((line) => `${line}\n`).join('');
}

function unreadable({ path, unreadable: reason }: FileReport, locate: (path: string) => string): string[] {
  return reason === undefined ? [] : [command('error', { file: locate(path), title: 'unreadable' }, [reason])];
}

function annotation(file: string, { rule, severity, message, hint, ...place }: ReportedFinding): string {
  const { line, column, endLine = line, endColumn } = place;
  // GitHub accepts columns only for a place within one line
  const columns = endLine === line ? { col: column, ...(endColumn === undefined ? {} : { endColumn }) } : {};
  const properties = { file, line, endLine, ...columns, title: rule };
  return command(COMMANDS[severity], properties, [message, ...(hint === undefined ? [] : [`try: ${hint}`])]);
}

function command(name: string, properties: Record<string, string | number>, lines: readonly string[]): string {
  const parts = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${name}${parts.length > 0 ? ` ${parts.join(',')}` : ''}::${lines.map(escapeData).join('%0A')}`;
}

function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
