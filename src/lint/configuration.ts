import type { CustomRule } from './custom-rule.js';
import type { Finding, Severity } from './rule.js';

/** What a rule may be set to. */
export const SETTINGS = ['off', 'note', 'warning', 'error'] as const satisfies readonly (Severity | 'off')[];
export type RuleSetting = (typeof SETTINGS)[number];

/** What parseLintConfiguration has read: schemas/lint-config.schema.json. */
export interface LintConfiguration {
  /** of the rules that are set to something else than their own severity, by name */
  readonly rules: ReadonlyMap<string, RuleSetting>;
  readonly customRules: readonly CustomRule[];
}

export function isOff(configuration: LintConfiguration | undefined, rule: string): boolean {
  return configuration?.rules.get(rule) === 'off';
}

/** The findings with the severities that a configuration sets, without those of rules that are off. */
export function withSeverities(findings: Finding[], configuration: LintConfiguration | undefined): Finding[] {
  if (!configuration || configuration.rules.size === 0) return findings;
  return findings.flatMap((finding) => {
    const setting = configuration.rules.get(finding.rule);
    if (setting === 'off') return [];
    return setting === undefined ? finding : { ...finding, severity: setting };
  });
}
