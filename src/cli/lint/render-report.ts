import { printableJson } from '../../lib/printable.js';
import { formatGithub } from '../../lint/formats/github.js';
import type { CustomRuleInfo } from '../../lint/formats/sarif.js';
import { formatFinding, formatSummary, type Paint } from '../../lint/formats/text.js';
import type { LintReport } from '../../lint/report.js';
import type { LineIndex } from '../../xml/line-index.js';
import { colorsFor } from '../colors.js';
import { pathBelow, sourceRoot } from '../files/source-root.js';
import type { Io } from '../io.js';

export const FORMATS = ['text', 'json', 'sarif', 'github'] as const;
export type FormatName = (typeof FORMATS)[number];

/**
 * Prints a report on standard output.
 * @param lines of each file, in the order of the report; undefined if it was not read
 * @param customRules of all configurations
 */
export async function renderReport(
  report: LintReport,
  lines: readonly (LineIndex | undefined)[],
  format: FormatName,
  io: Io,
  customRules: readonly CustomRuleInfo[],
): Promise<void> {
  const sourceLine = (file: number, line: number) => lines[file]?.line(line) ?? '';
  if (format === 'json') io.stdout.write(printableJson(report));
  else if (format === 'sarif') {
    const { sarifOf } = await import('./render-sarif.js');
    io.stdout.write(printableJson(sarifOf(report, sourceLine, io.env, customRules)));
  } else if (format === 'github') {
    const root = sourceRoot(io.env);
    io.stdout.write(formatGithub(report, (path) => pathBelow(root, path) ?? path));
  } else io.stdout.write(asText(report, sourceLine, colorsFor(io.stdout, io.env), io.columns()));
}

function asText(
  { files, summary }: LintReport,
  sourceLine: (file: number, line: number) => string,
  paint: Paint,
  columns: number,
) {
  const parts = files.flatMap(({ path, findings }, file) =>
    findings.map((finding) => formatFinding(path, finding, sourceLine(file, finding.line), paint, columns)),
  );
  return parts.join('') + formatSummary(summary, paint);
}
