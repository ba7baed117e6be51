import { similar } from '../lib/similar.js';
import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { collectFindings } from './collect-findings.js';
import type { Finding, Report } from './rule.js';
import { DISABLE_COMMENT, NOT_A_DOMAIN, WELL_FORMED } from './rules/index.js';

const DIRECTIVE = 'lint-domain-disable-next-line';
/** Attribute values contain no `<`, so `<!--` is a comment, unless it is in a CDATA section or an instruction. */
const COMMENT = /<!--(\s*)(lint-domain-(?:dis|en)able[\w-]*)?([\s\S]*?)-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>/g;
/** Limit per document. A malicious document could have hundreds of thousands. */
const MAX_COMMENTS = 10_000;
/** Limit per comment. */
const MAX_RULE_NAMES = 100;
/** After a finding of the first two, a document is not checked further; and a comment cannot disable its own check. */
const NOT_DISABLEABLE: readonly string[] = [WELL_FORMED.name, NOT_A_DOMAIN.name, DISABLE_COMMENT.name];

/** Findings that start in this part of the text are suppressed: a line, or the start tags that start on it. */
interface Scope {
  start: number;
  end: number;
}

/** A rule that a comment disables; `offset` is that of its name in the comment. */
interface Disabled {
  rule: string;
  offset: number;
  scope: Scope;
  used: boolean;
}

/**
 * The comments `<!-- lint-domain-disable-next-line RULE[, RULE][: reason] -->` of a document. Keeps no reference to the
 * document.
 */
export class DisableComments {
  readonly #disabled = new Map<string, Disabled[]>();
  readonly #problems: Parameters<Report>[0][] = [];

  /** Undefined if there are none, as in nearly all documents. */
  static of(document: XmlDocument): DisableComments | undefined {
    return document.text.includes('lint-domain-') ? new DisableComments(document) : undefined;
  }

  private constructor(document: XmlDocument) {
    const { text, lines } = document;
    const scopes: Scope[] = [];
    let count = 0;
    for (const { 0: comment, 1: space = '', 2: directive, 3: rest = '', index: offset } of text.matchAll(COMMENT)) {
      if (directive === undefined) continue;
      const end = offset + comment.length;
      if (++count > MAX_COMMENTS) {
        const message = `more than ${MAX_COMMENTS} lint-domain comments: this one and the later ones are ignored`;
        this.#problems.push({ offset, end, message });
        break;
      }
      if (directive !== DIRECTIVE) {
        this.#problems.push({ offset, end, message: `unknown directive ${shown(directive)}`, hint: DIRECTIVE });
        continue;
      }
      const { line } = lines.at(end - 1);
      const scope = { start: lines.offsetOfLine(line + 1), end: lines.offsetOfLine(line + 2) };
      scopes.push(scope);
      const from = offset + '<!--'.length + space.length + directive.length;
      if (!this.#read(rest, from, scope))
        this.#problems.push({ offset, end, message: 'the comment names no rule', hint: `${DIRECTIVE} RULE` });
    }
    extendOverTags(scopes, document.root);
  }

  /** Reads the rule names, up to the colon before the reason. False if there are none. */
  #read(text: string, from: number, scope: Scope): boolean {
    let names = 0;
    for (const { 0: item, index } of text.replace(/:[\s\S]*/, '').matchAll(/[^\s,](?:[^,]*[^\s,])?/g)) {
      if (++names > MAX_RULE_NAMES) {
        const message = `more than ${MAX_RULE_NAMES} rules: this one and the later ones are ignored`;
        this.#problems.push({ offset: from + index, end: from + index + item.length, message });
        break;
      }
      const disabled = { rule: item, offset: from + index, scope, used: false };
      const others = this.#disabled.get(item);
      if (others?.at(-1)?.scope === scope) {
        const place = { offset: from + index, end: from + index + item.length };
        this.#problems.push({ ...place, message: `the comment names ${shown(item)} twice` });
        continue;
      }
      if (others) others.push(disabled);
      else this.#disabled.set(item, [disabled]);
    }
    return names > 0;
  }

  /** The findings that no comment disables. */
  suppress(findings: Finding[]): Finding[] {
    return findings.filter(({ rule, offset }) => {
      const disabled = NOT_DISABLEABLE.includes(rule) ? undefined : lastBefore(this.#disabled.get(rule) ?? [], offset);
      if (!disabled || offset >= disabled.scope.end) return true;
      disabled.used = true;
      return false;
    });
  }

  /**
   * Problems of the comments themselves. Call it after `suppress` has received all findings.
   * @param known names of all rules
   * @param ran names of the rules that have checked this document: only for these it is certain that a comment is
   *   unused
   */
  problems(known: ReadonlySet<string>, ran: ReadonlySet<string>): Finding[] {
    return collectFindings(DISABLE_COMMENT, (report) => {
      for (const problem of this.#problems) report(problem);
      for (const [rule, all] of this.#disabled) {
        const problem = NOT_DISABLEABLE.includes(rule)
          ? { message: `${rule} cannot be disabled by a comment` }
          : known.has(rule)
            ? undefined
            : {
                message: `unknown rule "${shown(rule)}"`,
                ...hintFor(rule, known),
              };
        for (const { offset, used } of all) {
          const place = { offset, end: offset + rule.length };
          if (problem) report({ ...place, ...problem });
          else if (!used && ran.has(rule)) report({ ...place, message: `${rule} reports nothing on the next line` });
        }
      }
    });
  }
}

function hintFor(unknown: string, known: ReadonlySet<string>): { hint?: string } {
  if (/\s/.test(unknown)) return { hint: 'separate rules with commas' };
  const near = similar(unknown, [...known]);
  return near === undefined ? {} : { hint: near };
}

/** Shortened for a one-line message. */
function shown(text: string): string {
  return text.slice(0, 64).replace(/\s+/g, ' ') + (text.length > 64 ? '…' : '');
}

/** The last whose scope starts at or before an offset. Scopes do not overlap, because a tag contains no comment. */
function lastBefore(sorted: readonly Disabled[], offset: number): Disabled | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Disabled).scope.start <= offset) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}

/** A tag of several lines cannot contain comments, so the comment before it applies to all its lines. */
function extendOverTags(scopes: readonly Scope[], root: XmlElement): void {
  let index = 0;
  const visit = (element: XmlElement): void => {
    while (index < scopes.length && (scopes[index] as Scope).end <= element.start) index++;
    for (let at = index; at < scopes.length; at++) {
      const scope = scopes[at] as Scope;
      if (scope.start > element.start) break;
      scope.end = Math.max(scope.end, element.openEnd);
    }
    for (const child of element.content) if (typeof child !== 'string') visit(child);
  };
  visit(root);
}
