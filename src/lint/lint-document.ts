import { type Definition, readDefinition } from '../domain/definition.js';
import type { Decoded } from '../xml/decode.js';
import type { XmlDocument } from '../xml/document.js';
import { InputError } from '../xml/input-error.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';
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

/** Most findings of one rule and severity in a document: nobody reads more, and a hostile document has a hundred thousand. */
const MOST = 1000;

function check(definition: Definition): Finding[] {
  const findings: Finding[] = [];
  for (const { name: rule, severity: usual, check: run } of RULES) {
    const counts = { error: 0, warning: 0, note: 0 };
    let first: Finding | undefined;
    run(definition, (reported) => {
      const finding = { rule, severity: usual, ...reported };
      if (++counts[finding.severity] <= MOST) findings.push(finding);
      else first ??= finding;
    });
    if (!first) continue;
    const more = Object.values(counts).reduce((sum, count) => sum + Math.max(0, count - MOST), 0);
    findings.push({ ...first, severity: 'note', message: `${more} more of this rule are not shown` });
  }
  return inOrder(findings);
}
