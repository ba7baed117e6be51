import type { Definition } from '../domain/definition.js';
import type { Decoded } from '../xml/decode.js';
import { type LintConfiguration, withSeverities } from './configuration.js';
import { customFindings } from './custom-rule.js';
import { DisableComments } from './disable-comments.js';
import { type LintResult, lintDocument } from './lint-document.js';
import { mergeRepeated } from './merge-repeated.js';
import { type Finding, inOrder } from './rule.js';

/** The result after the configuration and the comments are applied; `finishFindings` completes it. */
export interface ConfiguredLintResult extends LintResult {
  comments?: DisableComments | undefined;
}

/**
 * lintDocument with a configuration, its custom rules, and the document's disable comments.
 * @param moreFindings findings of further rules
 * @throws InputError, with its offset in the configuration, if a custom rule fails
 */
export function lintConfigured(
  decoded: Decoded,
  configuration: LintConfiguration | undefined,
  moreFindings: (definition: Definition) => Finding[] = () => [],
): ConfiguredLintResult {
  const result = lintDocument(decoded, { devices: true });
  const { definition, findings } = result;
  if (!definition) return result;
  const { document } = definition;
  const more = [...moreFindings(definition), ...customFindings(document, configuration?.customRules ?? [])];
  const all = [...findings, ...more.filter(({ offset }) => document.lines.isShown(offset))];
  const comments = DisableComments.of(document);
  const configured = withSeverities(all, configuration);
  return {
    ...result,
    comments,
    findings: mergeRepeated(inOrder(comments ? comments.suppress(configured) : configured)),
  };
}
