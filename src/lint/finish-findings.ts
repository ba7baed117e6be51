import { isOff, type LintConfiguration, withSeverities } from './configuration.js';
import type { DisableComments } from './disable-comments.js';
import { HOST_RULES } from './host-rules/index.js';
import { type Finding, inOrder } from './rule.js';
import { ALL_RULES, RULES, SCHEMA } from './rules/index.js';

/** The checks of a document beyond the rules that always run. */
export interface Checked {
  /** libvirt's complete schema, not only the built-in grammar */
  schema: boolean;
  /** the host rules */
  host: boolean;
}

const namesOf = (rules: readonly { name: string }[]) => rules.map(({ name }) => name);

/**
 * Completes the findings of lintConfigured and of the schema: severities, suppressed findings, problems of the
 * comments.
 */
export function finishFindings(
  findings: Finding[],
  configuration: LintConfiguration | undefined,
  comments: DisableComments | undefined,
  checked: Checked,
): Finding[] {
  const configured = withSeverities(findings, configuration);
  if (!comments) return configured;
  const remaining = comments.suppress(configured);
  const custom = namesOf(configuration?.customRules ?? []);
  const known = [...namesOf([...ALL_RULES, ...HOST_RULES]), ...custom];
  const ran = [
    ...namesOf(RULES),
    ...(checked.host ? namesOf(HOST_RULES) : []),
    ...(checked.schema ? [SCHEMA.name] : []),
    ...custom,
  ].filter((name) => !isOff(configuration, name));
  const problems = comments.problems(new Set(known), new Set(ran));
  return inOrder([...remaining, ...withSeverities(problems, configuration)]);
}
