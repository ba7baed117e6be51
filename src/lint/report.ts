import { printable } from '../lib/printable.js';
import type { LineIndex } from '../xml/line-index.js';
import type { Finding, Severity } from './rule.js';

/**
 * A finding in the output: schemas/lint.schema.json. Lines and columns count from 1. Texts are printable, paths
 * unchanged.
 */
export interface ReportedFinding {
  rule: string;
  severity: Severity;
  message: string;
  line: number;
  column: number;
  /** just after the finding's extent, on the same or a later line; absent: a point */
  endLine?: number;
  endColumn?: number;
  hint?: string;
  /** the other places of the same finding; the message names the first of them */
  also?: { line: number; column: number }[];
}

export interface FileReport {
  path: string;
  /** it could be read and has no errors; it may have warnings */
  valid: boolean;
  findings: ReportedFinding[];
  /** why the file could not be read; such a file has no findings */
  unreadable?: string;
}

export interface LintReport {
  schemaVersion: 1;
  files: FileReport[];
  summary: { files: number; errors: number; warnings: number; notes: number; unreadable: number };
  /** the part that was not checked; absent: everything was checked */
  note?: string;
}

export function reportFile(path: string, findings: readonly Finding[], lines: LineIndex): FileReport {
  return {
    path,
    valid: !findings.some(({ severity }) => severity === 'error'),
    findings: findings.map((finding) => reportFinding(finding, lines)),
  };
}

export function reportUnreadable(path: string, reason: string): FileReport {
  return { path, valid: false, findings: [], unreadable: printable(reason) };
}

/** Maximum number of other lines that a message names; the others are counted. */
const MAX_LINES = 8;

function reportFinding(finding: Finding, lines: LineIndex): ReportedFinding {
  const { rule, severity, offset, end, hint } = finding;
  const also = finding.also?.map((other) => lines.at(other));
  const message = `${finding.message}${also ? alsoIn(also.map(({ line }) => line)) : ''}`;
  const reported: ReportedFinding = { rule, severity, message: printable(message), ...lines.at(offset) };
  if (end !== undefined && end > offset) {
    const { line, column } = lines.at(end);
    Object.assign(reported, { endLine: line, endColumn: column });
  }
  if (hint !== undefined) reported.hint = printable(hint);
  if (also) reported.also = also;
  return reported;
}

/** ` (also in lines 12, 15 and 18)` */
function alsoIn(lines: readonly number[]): string {
  const distinct = [...new Set(lines)];
  const rest = distinct.length - MAX_LINES;
  const named = rest > 1 ? [...distinct.slice(0, MAX_LINES), `${rest} more`] : distinct;
  const list = named.length === 1 ? `line ${named[0]}` : `lines ${named.slice(0, -1).join(', ')} and ${named.at(-1)}`;
  return ` (also in ${list})`;
}

export function summarize(files: FileReport[], note?: string): LintReport {
  const count = (wanted: Severity) =>
    files.reduce((sum, { findings }) => sum + findings.filter(({ severity }) => severity === wanted).length, 0);
  const unreadable = files.filter((file) => file.unreadable !== undefined).length;
  return {
    schemaVersion: 1,
    files,
    summary: {
      files: files.length,
      errors: count('error'),
      warnings: count('warning'),
      notes: count('note'),
      unreadable,
    },
    ...(note === undefined ? {} : { note: printable(note) }),
  };
}
