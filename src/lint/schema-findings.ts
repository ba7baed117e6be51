import type { Grammar } from '../schema/grammar.js';
import type { SchemaVerdict } from '../schema/verdict.js';
import type { LineIndex } from '../xml/position.js';
import type { Finding } from './rule.js';
import { SCHEMA } from './rules/index.js';

/** The findings of a document that the schema rejects, the rules' own included. */
export async function schemaFindings(
  { lines, findings }: { lines: LineIndex; findings: readonly Finding[] },
  verdict: SchemaVerdict,
  _grammar: Grammar,
): Promise<Finding[]> {
  const offset = lines.offsetOfLine(verdict.line ?? 1);
  return [...findings, { rule: SCHEMA.name, severity: SCHEMA.severity, offset, message: verdict.message ?? 'invalid' }];
}
