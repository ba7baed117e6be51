import { bytesOf } from '../domain/parse-domain.js';
import { decode } from '../xml/decode.js';
import { lintDocument } from './lint-document.js';
import { type ReportedFinding, reportFile } from './report.js';

/**
 * What the rules say of a domain definition, in document order: every rule but `schema`, which takes libvirt's files and an engine.
 * Never throws for what it is given: a document that cannot be read is a finding (`well-formed`, `not-a-domain`).
 */
export function lint(input: string | Uint8Array): ReportedFinding[] {
  const { findings, lines } = lintDocument(decode(bytesOf(input)));
  return reportFile('', findings, lines).findings;
}
