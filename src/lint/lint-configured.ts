import type { Definition } from '../domain/definition.js';
import type { Decoded } from '../xml/decode.js';
import { type LintConfiguration, withSeverities } from './configuration.js';
import { customFindings } from './custom-rule.js';
import { DisableComments } from './disable-comments.js';
import { type Linted, lintDocument } from './lint-document.js';
import { type Finding, inOrder } from './rule.js';

/** A document after the rules, its configuration and its comments; `finishFindings` is to follow. */
export interface ConfiguredLint extends Linted {
  comments?: DisableComments | undefined;
}

/**
 * lintDocument with a configuration, its custom rules, and the document's own comments.
 * @param more the findings of further rules
 * @throws InputError, with its place in the configuration, where a custom rule fails
 */
export function lintConfigured(
  decoded: Decoded,
  configuration: LintConfiguration | undefined,
  more: (definition: Definition) => Finding[] = () => [],
): ConfiguredLint {
  const linted = lintDocument(decoded);
  const { definition, findings } = linted;
  if (!definition) return linted;
  const { document } = definition;
  const all = [...findings, ...more(definition), ...customFindings(document, configuration?.customRules ?? [])];
  const comments = DisableComments.of(document);
  const configured = withSeverities(all, configuration);
  return { ...linted, comments, findings: inOrder(comments ? comments.suppress(configured) : configured) };
}
