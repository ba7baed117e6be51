import { bytesOf } from '../domain/parse-domain.js';
import { decode } from '../xml/decode.js';
import type { LintConfiguration } from './configuration.js';
import { finishFindings } from './finish-findings.js';
import { lintConfigured } from './lint-configured.js';
import { type ReportedFinding, reportFile } from './report.js';

/**
 * What the rules say of a domain definition, in document order: every rule but `schema`, which takes libvirt's files and an engine.
 * Comments that disable rules count. A document that cannot be read is a finding (`well-formed`, `not-a-domain`), never an error.
 * @throws InputError where the XPath of a custom rule cannot be evaluated; its offset is into the configuration's text
 */
export function lint(input: string | Uint8Array, configuration?: LintConfiguration): ReportedFinding[] {
  const { findings, lines, comments } = lintConfigured(decode(bytesOf(input)), configuration);
  return reportFile('', finishFindings(findings, configuration, comments, { schema: false, host: false }), lines)
    .findings;
}
