import { type Definition, readDefinition } from '../domain/definition.js';
import { InputError } from '../lib/input-error.js';
import type { Decoded } from '../xml/decode.js';
import type { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';
import { asDomain, deviceNote, isBareDevice } from './bare-device.js';
import { collectFindings } from './collect-findings.js';
import { type Finding, inOrder, type RuleInfo } from './rule.js';
import { NOT_A_DOMAIN, RULES, WELL_FORMED } from './rules/index.js';

/** The result of all rules except the schema. */
export interface LintResult {
  lines: LineIndex;
  /** in document order */
  findings: Finding[];
  /**
   * of a device alone: a small domain around it. Undefined if the document cannot be read as a domain; the only finding
   * is then the reason
   */
  definition?: Definition;
}

/**
 * Runs the parser and the rules. Schema validation is separate, because engines validate many documents at once.
 * @param options.devices accepts a `<hostdev>` or `<interface>` alone
 */
export function lintDocument({ text, problem }: Decoded, { devices = false } = {}): LintResult {
  const lines = new LineIndex(text);
  const unreadable = (rule: RuleInfo, { message, offset, hint }: InputError): LintResult => ({
    lines,
    findings: [{ rule: rule.name, severity: rule.severity, message, offset, ...(hint ? { hint } : {}) }],
  });
  if (problem) return unreadable(WELL_FORMED, problem);
  let document: XmlDocument | undefined;
  try {
    document = parseXml(text);
    if (devices && isBareDevice(document)) return lintDevice(asDomain(document));
    const definition = readDefinition(document);
    return { lines: document.lines, definition, findings: check(definition) };
  } catch (error) {
    if (error instanceof InputError) return unreadable(document ? NOT_A_DOMAIN : WELL_FORMED, error);
    throw error;
  }
}

function lintDevice(document: XmlDocument): LintResult {
  const definition = readDefinition(document);
  const findings = [deviceNote(document), ...check(definition, true)];
  return { lines: document.lines, definition, findings: inOrder(findings) };
}

function check(definition: Definition, isDevice = false): Finding[] {
  const rules = isDevice ? RULES.filter(({ needsDomain }) => !needsDomain) : RULES;
  const findings = rules.flatMap((rule) => collectFindings(rule, (report) => rule.check(definition, report)));
  return inOrder(findings);
}
