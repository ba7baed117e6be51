import type { CustomRule } from './custom-rule.js';
import type { Finding, Severity } from './rule.js';

/** The settings of a rule. */
export const SETTINGS = ['off', 'note', 'warning', 'error'] as const satisfies readonly (Severity | 'off')[];
export type RuleSetting = (typeof SETTINGS)[number];

/** The content of a `.lint-domain.json`: schemas/lint-config.schema.json. */
export interface LintConfiguration {
  /** by name of the rule; other rules keep their severity */
  readonly rules: ReadonlyMap<string, RuleSetting>;
  readonly customRules: readonly CustomRule[];
}

export function isOff(configuration: LintConfiguration | undefined, rule: string): boolean {
  return configuration?.rules.get(rule) === 'off';
}

/** Applies the configured severities, and drops the findings of rules that are off. */
export function withSeverities(findings: Finding[], configuration: LintConfiguration | undefined): Finding[] {
  if (!configuration || configuration.rules.size === 0) return findings;
  return findings.flatMap((finding) => {
    const setting = configuration.rules.get(finding.rule);
    if (setting === 'off') return [];
    return setting === undefined ? finding : { ...finding, severity: setting };
  });
}
