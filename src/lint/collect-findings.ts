import type { Finding, Report, RuleInfo } from './rule.js';

/** Most findings of one rule and severity in a document: nobody reads more, and a hostile document has a hundred thousand. */
const MOST = 1000;

/** What a rule reports when it runs, in the order of the reports, and how many findings there are beyond the limit. */
export function collectFindings({ name: rule, severity: usual }: RuleInfo, run: (report: Report) => void): Finding[] {
  const findings: Finding[] = [];
  const counts = { error: 0, warning: 0, note: 0 };
  let first: Finding | undefined;
  run((reported) => {
    const finding = { rule, severity: usual, ...reported };
    if (++counts[finding.severity] <= MOST) findings.push(finding);
    else first ??= finding;
  });
  if (!first) return findings;
  const more = Object.values(counts).reduce((sum, count) => sum + Math.max(0, count - MOST), 0);
  findings.push({ ...first, severity: 'note', message: `${more} more of this rule are not shown` });
  return findings;
}
