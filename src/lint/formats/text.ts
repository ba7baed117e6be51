import type { FileReport, ReportedFinding } from '../report.js';
import type { Severity } from '../rule.js';

/** ANSI styles, or none. */
export interface Paint {
  (style: 'red' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string): string;
}

export const plain: Paint = (_, text) => text;

const STYLES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<Severity, string>;
/** Columns of a source line that are shown; a longer one is cut around the place. */
const WIDTH = 160;

/** `FILE:LINE:COLUMN: error: text [rule]`, the source line, a caret under the place, and the hint. Ends with a line break. */
export function formatFinding(path: string, finding: ReportedFinding, sourceLine: string, paint: Paint): string {
  const { line, column, severity, message, rule, hint } = finding;
  const place = paint('bold', `${printable(path)}:${line}:${column}:`);
  const lines = [
    `${place} ${paint(STYLES[severity], `${severity}:`)} ${printable(message)} ${paint('dim', `[${rule}]`)}`,
  ];
  if (sourceLine.trim() !== '') lines.push(...excerpt(finding, sourceLine, paint));
  if (hint) lines.push(`  ${paint('cyan', 'try:')} ${printable(hint)}`);
  return `${lines.join('\n')}\n`;
}

function excerpt(
  { line, column, endLine, endColumn, severity }: ReportedFinding,
  source: string,
  paint: Paint,
): string[] {
  const from = column > WIDTH - 20 ? column - 60 : 0;
  const shown = printable(source.slice(from, from + WIDTH));
  const end = endLine === line && endColumn ? endColumn : column + 1;
  const length = Math.max(1, Math.min(end, from + shown.length + 1) - column);
  const pad = source.slice(from, column - 1).replace(/[^\t]/g, ' ');
  return [`  ${shown}`, `  ${pad}${paint(STYLES[severity], '^'.repeat(length))}`];
}

/** Control characters of a document must not reach a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** `3 files: 2 errors, 1 warning`. */
export function formatSummary(files: readonly FileReport[], errors: number, warnings: number, paint: Paint): string {
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  const text = `${count(files.length, 'file')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  return `${paint(errors ? 'red' : warnings ? 'yellow' : 'bold', text)}\n`;
}
