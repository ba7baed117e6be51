import { bytesOf } from '../domain/parse-domain.js';
import { decode } from '../xml/decode.js';
import type { LintConfiguration } from './configuration.js';
import { finishFindings } from './finish-findings.js';
import { lintConfigured } from './lint-configured.js';
import { type ReportedFinding, reportFile } from './report.js';

/**
 * Checks a domain definition with all rules except `schema`, which needs libvirt's files and an engine. Disable
 * comments are applied. A document that cannot be read gives a finding (`well-formed`, `not-a-domain`), not an
 * exception.
 * @returns the findings in document order
 * @throws InputError if the XPath of a custom rule cannot be evaluated; its offset is in the configuration's text
 */
export function lint(input: string | Uint8Array, configuration?: LintConfiguration): ReportedFinding[] {
  const { findings, lines, comments } = lintConfigured(decode(bytesOf(input)), configuration);
  return reportFile('', finishFindings(findings, configuration, comments, { schema: false, host: false }), lines)
    .findings;
}
