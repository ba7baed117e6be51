import { formatFinding, formatSummary, type Paint, plain } from '../lint/formats/text.js';
import type { LintReport } from '../lint/report.js';
import type { LineIndex } from '../xml/position.js';
import type { Io } from './io.js';

export const FORMATS = ['text', 'json'] as const;
export type FormatName = (typeof FORMATS)[number];

/** Prints a report on standard output; `lines` of each file, in the order of the report. */
export function renderReport(report: LintReport, lines: readonly LineIndex[], format: FormatName, io: Io): void {
  if (format === 'json') {
    io.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const paint = painter(io.stdout, io.env);
  const parts = report.files.flatMap((file, index) =>
    file.findings.map((finding) => formatFinding(file.path, finding, lines[index]?.line(finding.line) ?? '', paint)),
  );
  const { errors, warnings } = report.summary;
  io.stdout.write(parts.join('') + formatSummary(report.files, errors, warnings, paint));
}

const CODES = { red: 31, yellow: 33, cyan: 36, bold: 1, dim: 2 };

/** Colours on a terminal only, and not where NO_COLOR asks for none (no-color.org). */
export function painter(out: { isTTY: boolean }, env: Io['env']): Paint {
  if (!out.isTTY || env['NO_COLOR'] || env['TERM'] === 'dumb') return plain;
  return (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`;
}
