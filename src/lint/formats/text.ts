import { printable } from '../../lib/printable.js';
import type { LintReport, ReportedFinding } from '../report.js';
import type { Severity } from '../rule.js';
import { codeFrame } from './code-frame.js';

/** ANSI styles, or none. */
export type Paint = (style: 'red' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string) => string;

export const plain: Paint = (_, text) => text;

const STYLES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<Severity, string>;

/**
 * `FILE:LINE:COLUMN: error: text [rule]`, the source line, a caret under the place, and the hint. Ends with a line
 * break. `columns` are those of the terminal.
 */
export function formatFinding(
  path: string,
  finding: ReportedFinding,
  sourceLine: string,
  paint: Paint,
  columns?: number,
): string {
  const { line, column, endLine, endColumn, severity, message, rule, hint } = finding;
  const place = paint('bold', `${printable(path)}:${line}:${column}:`);
  const lines = [
    `${place} ${paint(STYLES[severity], `${severity}:`)} ${printable(message)} ${paint('dim', `[${rule}]`)}`,
  ];
  const start = column - 1;
  const end = endLine === line && endColumn ? endColumn - 1 : endLine ? sourceLine.length : column;
  const { shown, space, marks } = codeFrame(sourceLine, start, end, columns);
  if (shown.trim() !== '') {
    lines.push(`  ${shown}`, `  ${' '.repeat(space)}${paint(STYLES[severity], '^'.repeat(marks))}`);
  }
  if (hint) lines.push(`  ${paint('cyan', 'try:')} ${printable(hint)}`);
  return `${lines.join('\n')}\n`;
}

/** `3 files: 2 errors, 1 warning`, and the numbers of notes and of unreadable files unless they are 0. */
export function formatSummary(
  { files, errors, warnings, notes, unreadable }: LintReport['summary'],
  paint: Paint,
): string {
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  const parts = [count(errors, 'error'), count(warnings, 'warning')];
  if (notes > 0) parts.push(count(notes, 'note'));
  if (unreadable > 0) parts.push(`${unreadable} unreadable`);
  const style = errors + unreadable > 0 ? 'red' : warnings > 0 ? 'yellow' : 'bold';
  return `${paint(style, `${count(files, 'file')}: ${parts.join(', ')}`)}\n`;
}
