import type { Finding, Report, RuleInfo } from './rule.js';

/** Limit per rule and severity in a document: a malicious document could cause a hundred thousand findings. */
const MAX_FINDINGS = 1000;

/** Runs a rule. Returns its findings in order and, beyond the limit, one note with the number of the others. */
export function collectFindings({ name: rule, severity: usual }: RuleInfo, run: (report: Report) => void): Finding[] {
  const findings: Finding[] = [];
  const counts = { error: 0, warning: 0, note: 0 };
  let first: Finding | undefined;
  run((reported) => {
    const finding = { rule, severity: usual, ...reported };
    if (++counts[finding.severity] <= MAX_FINDINGS) findings.push(finding);
    else first ??= finding;
  });
  if (!first) return findings;
  const more = Object.values(counts).reduce((sum, count) => sum + Math.max(0, count - MAX_FINDINGS), 0);
  const message = `${more} more ${more === 1 ? 'finding' : 'findings'} of this rule not shown`;
  findings.push({ ...first, severity: 'note', message });
  return findings;
}
