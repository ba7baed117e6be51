import type { XmlDocument } from '../xml/document.js';
import type { Place } from '../xml/query.js';
import { collectFindings } from './collect-findings.js';
import type { Finding, RuleInfo } from './rule.js';

/** A rule of the user's own, from a configuration. Its summary is its message. */
export interface CustomRule extends RuleInfo {
  readonly hint?: string;
  /** The places that are wrong. @throws InputError, with its place in the configuration, where the XPath fails */
  select(document: XmlDocument): readonly Place[];
}

/**
 * Most tags and attributes of a document that custom rules look at: some 5,000 devices. xpath's time grows with the square of the
 * nodes that an expression selects, and is a second or two for that many.
 */
const MOST_MARKUP = 100_000;

/** The findings of custom rules, rule by rule. */
export function customFindings(document: XmlDocument, rules: readonly CustomRule[]): Finding[] {
  if (rules.length === 0) return [];
  const tooLarge = hasMoreMarkup(document.text, MOST_MARKUP);
  return rules.flatMap((rule) =>
    collectFindings(rule, (report) => {
      if (tooLarge) {
        const { start: offset, openEnd: end } = document.root;
        report({ offset, end, message: `not checked: more than ${MOST_MARKUP} tags and attributes` });
        return;
      }
      const { summary: message, hint } = rule;
      for (const { start: offset, end } of rule.select(document)) {
        report({ offset, end, message, ...(hint === undefined ? {} : { hint }) });
      }
    }),
  );
}

/** An attribute has a `=`, everything else that becomes a node a `<`. */
function hasMoreMarkup(text: string, most: number): boolean {
  let count = 0;
  for (const character of ['<', '=']) {
    for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
      if (++count > most) return true;
    }
  }
  return false;
}
