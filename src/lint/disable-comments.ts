import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { collectFindings } from './collect-findings.js';
import type { Finding, Report } from './rule.js';
import { DISABLE_COMMENT, NOT_A_DOMAIN, WELL_FORMED } from './rules/index.js';

const DIRECTIVE = 'lint-domain-disable-next-line';
/** `<` is not allowed in values, so what looks like a comment is one, unless it is in a CDATA section or an instruction. */
const COMMENT = /<!--(\s*)(lint-domain-(?:dis|en)able[\w-]*)?([\s\S]*?)-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>/g;
/** Most comments of a document that are read: a hostile one has hundreds of thousands. */
const MOST_COMMENTS = 10_000;
/** Most rules that a comment may name. */
const MOST_NAMES = 100;
/** A document that these report is not checked further; and a comment cannot excuse itself. */
const UNDISABLED: readonly string[] = [WELL_FORMED.name, NOT_A_DOMAIN.name, DISABLE_COMMENT.name];

/** The findings that begin in this part of the text are suppressed: a line, or the start tags that begin on it. */
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

/** The comments `<!-- lint-domain-disable-next-line RULE[, RULE][: reason] -->` of a document. It keeps nothing of the document. */
export class DisableComments {
  readonly #disabled = new Map<string, Disabled[]>();
  readonly #faults: Parameters<Report>[0][] = [];

  /** Undefined where there are none, as nearly always. */
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
      if (++count > MOST_COMMENTS) {
        this.#faults.push({
          offset,
          end,
          message: `more than ${MOST_COMMENTS} comments: this and those below are not read`,
        });
        break;
      }
      if (directive !== DIRECTIVE) {
        this.#faults.push({ offset, end, message: `no directive ${shown(directive)}`, hint: DIRECTIVE });
        continue;
      }
      const { line } = lines.at(end - 1);
      const scope = { start: lines.offsetOfLine(line + 1), end: lines.offsetOfLine(line + 2) };
      scopes.push(scope);
      const from = offset + '<!--'.length + space.length + directive.length;
      if (!this.#read(rest, from, scope))
        this.#faults.push({ offset, end, message: 'the comment names no rule', hint: `${DIRECTIVE} RULE` });
    }
    extendOverTags(scopes, document.root);
  }

  /** The names in a comment: up to a colon, behind which the reason may stand. Returns whether there are any. */
  #read(text: string, from: number, scope: Scope): boolean {
    let names = 0;
    for (const { 0: item, index } of text.replace(/:[\s\S]*/, '').matchAll(/[^\s,](?:[^,]*[^\s,])?/g)) {
      if (++names > MOST_NAMES) {
        const message = `more than ${MOST_NAMES} rules: this and those behind it are not read`;
        this.#faults.push({ offset: from + index, end: from + index + item.length, message });
        break;
      }
      const disabled = { rule: item, offset: from + index, scope, used: false };
      const others = this.#disabled.get(item);
      if (others) others.push(disabled);
      else this.#disabled.set(item, [disabled]);
    }
    return names > 0;
  }

  /** The findings that no comment disables. */
  suppress(findings: Finding[]): Finding[] {
    return findings.filter(({ rule, offset }) => {
      const disabled = UNDISABLED.includes(rule) ? undefined : lastBefore(this.#disabled.get(rule) ?? [], offset);
      if (!disabled || offset >= disabled.scope.end) return true;
      disabled.used = true;
      return false;
    });
  }

  /**
   * What is wrong with the comments, once all findings have gone through `suppress`.
   * @param known the names of all rules
   * @param ran those of rules that have checked this document: of others it is not known whether a comment is needed
   */
  problems(known: ReadonlySet<string>, ran: ReadonlySet<string>): Finding[] {
    return collectFindings(DISABLE_COMMENT, (report) => {
      for (const fault of this.#faults) report(fault);
      for (const [rule, all] of this.#disabled) {
        const fault = UNDISABLED.includes(rule)
          ? { message: `${rule} cannot be disabled by a comment` }
          : known.has(rule)
            ? undefined
            : {
                message: `no rule "${shown(rule)}"`,
                ...(/\s/.test(rule) ? { hint: 'separate rules with commas' } : {}),
              };
        for (const { offset, used } of all) {
          const place = { offset, end: offset + rule.length };
          if (fault) report({ ...place, ...fault });
          else if (!used && ran.has(rule)) report({ ...place, message: `${rule} reports nothing on the next line` });
        }
      }
    });
  }
}

/** In one line of a message. */
function shown(text: string): string {
  return text.slice(0, 64).replace(/\s+/g, ' ') + (text.length > 64 ? '…' : '');
}

/** The last whose scope begins at or before an offset. Scopes do not overlap: no comment stands in a tag. */
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

/** In a tag of several lines no comment can stand, so the one before it is for all of them. */
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
