import { type Definition, readDefinition } from '../domain/definition.js';
import { InputError } from '../lib/input-error.js';
import type { Decoded } from '../xml/decode.js';
import type { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';
import { collectFindings } from './collect-findings.js';
import { type Finding, inOrder, type RuleInfo } from './rule.js';
import { NOT_A_DOMAIN, RULES, WELL_FORMED } from './rules/index.js';

/** The result of all rules except the schema. */
export interface LintResult {
  lines: LineIndex;
  /** in document order */
  findings: Finding[];
  /** undefined if the document cannot be read as a domain; the only finding is then the reason */
  definition?: Definition;
}

/** Runs the parser and the rules. Schema validation is separate, because engines validate many documents at once. */
export function lintDocument({ text, problem }: Decoded): LintResult {
  const lines = new LineIndex(text);
  const unreadable = (rule: RuleInfo, { message, offset, hint }: InputError): LintResult => ({
    lines,
    findings: [{ rule: rule.name, severity: rule.severity, message, offset, ...(hint ? { hint } : {}) }],
  });
  if (problem) return unreadable(WELL_FORMED, problem);
  let document: XmlDocument | undefined;
  try {
    document = parseXml(text);
    const definition = readDefinition(document);
    return { lines: document.lines, definition, findings: check(definition) };
  } catch (error) {
    if (error instanceof InputError) return unreadable(document ? NOT_A_DOMAIN : WELL_FORMED, error);
    throw error;
  }
}

function check(definition: Definition): Finding[] {
  const findings = RULES.flatMap((rule) => collectFindings(rule, (report) => rule.check(definition, report)));
  return inOrder(findings);
}
