import { isOff, type LintConfiguration, withSeverities } from './configuration.js';
import type { DisableComments } from './disable-comments.js';
import { HOST_RULES } from './host-rules/index.js';
import { type Finding, inOrder } from './rule.js';
import { ALL_RULES, RULES, SCHEMA } from './rules/index.js';

/** What has checked a document beyond the rules that always run. */
export interface Checked {
  /** libvirt's schema, all of it */
  schema: boolean;
  /** the rules of the host */
  host: boolean;
}

const namesOf = (rules: readonly { name: string }[]) => rules.map(({ name }) => name);

/** The findings of lintConfigured and of the schema as they are reported, with what is wrong with the document's comments. */
export function finishFindings(
  findings: Finding[],
  configuration: LintConfiguration | undefined,
  comments: DisableComments | undefined,
  checked: Checked,
): Finding[] {
  const configured = withSeverities(findings, configuration);
  if (!comments) return configured;
  const left = comments.suppress(configured);
  const custom = namesOf(configuration?.customRules ?? []);
  const known = [...namesOf([...ALL_RULES, ...HOST_RULES]), ...custom];
  const ran = [
    ...namesOf(RULES),
    ...(checked.host ? namesOf(HOST_RULES) : []),
    ...(checked.schema ? [SCHEMA.name] : []),
    ...custom,
  ].filter((name) => !isOff(configuration, name));
  const problems = comments.problems(new Set(known), new Set(ran));
  return inOrder([...left, ...withSeverities(problems, configuration)]);
}
