import type { Definition } from '../domain/definition.js';

export type Severity = 'error' | 'warning' | 'note';

/** A problem in a document. Offsets are UTF-16; without `end` it is a point. */
export interface Finding {
  rule: string;
  severity: Severity;
  message: string;
  offset: number;
  end?: number;
  /** how to correct it; shown after `try:` */
  hint?: string;
  /** findings of the rule with the same message have one cause: they are reported once, at the first place */
  oneCause?: true;
  /** offsets of the other places */
  also?: number[];
}

/** Reports a finding; the severity is that of the rule unless another is given. */
export type Report = (finding: Omit<Finding, 'rule' | 'severity'> & { severity?: Severity }) => void;

/** A rule that checks a definition. Its documentation is docs/rules/NAME.md. */
export interface Rule {
  name: string;
  severity: Severity;
  /** one line, for lists */
  summary: string;
  /** true: it needs the whole domain, so it does not check a device alone */
  needsDomain?: true;
  check(definition: Definition, report: Report): void;
}

/** A rule without `check`: the parser or the schema makes its findings. */
export type RuleInfo = Omit<Rule, 'check' | 'needsDomain'>;

/** Sorts in place by position. Findings at the same place keep the order of the rules. */
export function inOrder(findings: Finding[]): Finding[] {
  return findings.sort((a, b) => a.offset - b.offset);
}
