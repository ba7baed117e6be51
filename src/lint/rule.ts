import type { Definition } from '../domain/definition.js';

export type Severity = 'error' | 'warning' | 'note';

/** One thing found in a document. Offsets are UTF-16; `end` where the fault has an extent. */
export interface Finding {
  rule: string;
  severity: Severity;
  message: string;
  offset: number;
  end?: number;
  /** what would work instead */
  hint?: string;
}

/** What a rule reports; the rule's own severity unless it says another. */
export type Report = (finding: Omit<Finding, 'rule' | 'severity'> & { severity?: Severity }) => void;

/** A rule over a definition. Its page is docs/rules/NAME.md. */
export interface Rule {
  name: string;
  severity: Severity;
  /** one line, for lists */
  summary: string;
  check(definition: Definition, report: Report): void;
}

/** A rule that something else than `check` decides: the parser, the schema. */
export type RuleInfo = Omit<Rule, 'check'>;

/** Sorts in place by position; of findings at one place, the order of the rules stays. */
export function inOrder(findings: Finding[]): Finding[] {
  return findings.sort((a, b) => a.offset - b.offset);
}
