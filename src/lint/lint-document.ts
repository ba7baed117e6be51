import { type Definition, readDefinition } from '../domain/definition.js';
import { InputError } from '../lib/input-error.js';
import type { Decoded } from '../xml/decode.js';
import type { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';
import { collectFindings } from './collect-findings.js';
import { type Finding, inOrder, type RuleInfo } from './rule.js';
import { NOT_A_DOMAIN, RULES, WELL_FORMED } from './rules/index.js';

/** A document after all rules but the schema's. */
export interface Linted {
  lines: LineIndex;
  /** in document order */
  findings: Finding[];
  /** undefined where the document cannot be read as a domain: then the only finding says why */
  definition?: Definition;
}

/** Runs the parser and the rules. The schema is not asked here: engines take many documents at once. */
export function lintDocument({ text, problem }: Decoded): Linted {
  const lines = new LineIndex(text);
  const unreadable = (rule: RuleInfo, { message, offset, hint }: InputError): Linted => ({
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
