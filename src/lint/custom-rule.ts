import type { XmlDocument } from '../xml/document.js';
import type { Place } from '../xml/query.js';
import { collectFindings } from './collect-findings.js';
import type { Finding, RuleInfo } from './rule.js';

/** A user's rule from a configuration. Its summary is its message. */
export interface CustomRule extends RuleInfo {
  readonly hint?: string;
  /** The places to report. @throws InputError, with its offset in the configuration, if the XPath fails */
  select(document: XmlDocument): readonly Place[];
}

/**
 * Limit of tags and attributes in a document, which is some 5,000 devices. xpath's time grows with the square of the
 * number of nodes that an expression selects, and is a second or two at this limit.
 */
const MAX_NODES = 100_000;

/** The findings of custom rules, rule by rule. */
export function customFindings(document: XmlDocument, rules: readonly CustomRule[]): Finding[] {
  if (rules.length === 0) return [];
  const isTooLarge = hasMoreNodes(document.text, MAX_NODES);
  return rules.flatMap((rule) =>
    collectFindings(rule, (report) => {
      if (isTooLarge) {
        const { start: offset, openEnd: end } = document.root;
        report({ offset, end, message: `not checked: more than ${MAX_NODES} tags and attributes` });
        return;
      }
      const { summary: message, hint } = rule;
      for (const { start: offset, end } of rule.select(document)) {
        report({ offset, end, message, ...(hint === undefined ? {} : { hint }) });
      }
    }),
  );
}

/** Counts `=`, which each attribute has, and `<`, which each other node has. */
function hasMoreNodes(text: string, max: number): boolean {
  let count = 0;
  for (const character of ['<', '=']) {
    for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
      if (++count > max) return true;
    }
  }
  return false;
}
