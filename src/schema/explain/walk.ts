import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';
import { causeOf } from './cause.js';
import { type Derivative, isSpace } from './derivative.js';
import { allowedNames, allowedValues, requiredNames } from './expected.js';
import { elementFault, type Fault, missingFault, RepeatedFault, textFault } from './fault.js';
import { type Elsewhere, similar, sourceHint, tidied } from './hint.js';
import { Match } from './match.js';
import { nameOf, nameWithoutNamespace } from './names.js';
import type { Pattern, Patterns } from './pattern.js';
import { textIn, textPlace } from './places.js';
import { type Frame, Progress } from './progress.js';
import { walkStartTag } from './start-tag.js';

/** Maximum number of siblings that are tried to find the one that conflicts with a child. */
const MOST_SIBLINGS_TRIED = 60;

/**
 * The faults of a document, up to a limit, and their total number.
 * @param match passes over elements without faults
 */
export function walk(
  document: XmlDocument,
  start: Pattern,
  patterns: Patterns,
  derive: Derivative,
  mostFaults: number,
  match: Pick<Match, 'element'> = new Match(document, patterns, derive),
): { faults: Fault[]; count: number } {
  const progress = new Progress(document, patterns, derive, mostFaults);
  const { root } = document;
  const state = patterns.after(start, patterns.empty);
  if (progress.isNone(derive.child(state, nameOf(root)))) {
    progress.report(() => elementFault(root, { allowed: allowedNames(start, 'element') }));
  } else new Walk(progress, match).element(state, root, undefined);
  return progress;
}

/** Walks through a document along a grammar, and continues after each fault as if it were corrected. */
class Walk {
  constructor(
    private readonly progress: Progress,
    private readonly match: Pick<Match, 'element'>,
  ) {}

  /** The state after an element. */
  element(before: Pattern, element: XmlElement, parent: Frame | undefined): Pattern {
    // most devices have no fault; not tried at every level, which would take quadratic time
    if (parent?.parent?.parent === undefined) {
      const after = this.match.element(before, element);
      if (!this.#isNone(after)) return after;
    }
    const opened = this.progress.derive.child(before, nameOf(element));
    const tag = walkStartTag(this.progress, element, opened, parent);
    const { content, incomplete } = tag;
    const frame: Frame = { element, before, content, incomplete, taken: [], parent };
    return this.#endTag(this.#content(frame), frame);
  }

  #content(frame: Frame): Pattern {
    const { element } = frame;
    const hasChildren = element.content.some((part) => typeof part !== 'string');
    if (!hasChildren) return this.#text(frame, textIn(this.progress.document, element));
    let state = frame.content;
    let before = element.openEnd;
    for (const part of element.content) {
      if (typeof part === 'string') {
        if (isSpace(part)) continue;
        const next = this.progress.derive.text(state, part);
        if (this.#isNone(next)) before = this.#reportText(part, frame, state, before);
        else state = next;
      } else {
        state = this.#child(state, part, frame);
        before = part.end;
      }
    }
    return state;
  }

  /** The state after the whole text of an element without children. */
  #text(frame: Frame, text: string): Pattern {
    const { derive, patterns } = this.progress;
    const state = frame.content;
    const isBlank = isSpace(text);
    const next = derive.text(state, text);
    const result = isBlank ? patterns.choice(state, next) : next;
    const isAllowed = isBlank ? !this.#isNone(derive.endTag(result)) : !this.#isNone(next);
    if (isAllowed) return result;
    // an empty element may lack children, which #endTag reports
    if (isBlank && this.#isNone(derive.text(state, '', true))) return state;
    this.#reportText(text, frame, state);
    const any = derive.text(state, text, true);
    return derive.merged(this.#isNone(any) ? state : any);
  }

  /**
   * Reports a text that is not allowed; returns its end.
   * @param from where to search for the text
   */
  #reportText(text: string, frame: Frame, state: Pattern, from = frame.element.openEnd): number {
    const { document, derive } = this.progress;
    const { element } = frame;
    const fault = this.progress.report(() => {
      const isValue = !this.#isNone(derive.text(state, text, true));
      const because = causeOf(this.progress, frame, (at) => !this.#isNone(derive.text(at, text)));
      const values = isValue ? allowedValues(state) : undefined;
      const meant = isValue ? tidied(text, (tidy) => !this.#isNone(derive.text(state, tidy))) : undefined;
      const attribute = isValue ? undefined : this.#attributeFor(text.trim(), frame);
      const place = textPlace(document, element, text, from);
      return textFault(element, text, { values, because, meant, attribute, place });
    });
    return Math.max(fault?.end ?? from, from);
  }

  /** The only attribute that an element lacks and that can have its text as value, as `<model>virtio</model>`. */
  #attributeFor(text: string, { element, before }: Frame): string | undefined {
    const { derive } = this.progress;
    if (element.children.length > 0 || text === '') return undefined;
    const opened = derive.child(before, nameOf(element));
    const [attribute, ...others] = allowedNames(opened, 'attribute').filter((name) => {
      const named = derive.attribute(opened, nameWithoutNamespace(name));
      return !element.hasAttribute(name) && !this.#isNone(derive.value(named, text));
    });
    return others.length === 0 ? attribute : undefined;
  }

  #child(state: Pattern, child: XmlElement, frame: Frame): Pattern {
    if (!this.#isNone(this.progress.derive.child(state, nameOf(child)))) {
      const after = this.element(state, child, frame);
      frame.taken.push(child);
      return after;
    }
    const repeated = frame.repeated?.get(child.tagName);
    if (repeated) {
      repeated.add();
      return state;
    }
    const isKnown = !this.#isNone(this.progress.derive.child(frame.content, nameOf(child)));
    return isKnown ? this.#displacedChild(state, child, frame) : this.#unknownChild(state, child, frame);
  }

  #unknownChild(state: Pattern, child: XmlElement, frame: Frame): Pattern {
    const { derive } = this.progress;
    if (this.progress.isFull) {
      this.progress.count++;
      return derive.merged(state);
    }
    const names = allowedNames(state, 'element');
    // of equally similar names, the missing one was meant
    const taken = new Set(frame.element.children.map(({ tagName }) => tagName));
    const allowed = [...names.filter((name) => !taken.has(name)), ...names.filter((name) => taken.has(name))];
    const meant = similar(child.tagName, allowed);
    if (meant !== undefined) {
      frame.meant ??= new Set();
      frame.meant.add(meant);
    }
    this.progress.report(() => {
      const isKnown = (at: Pattern) =>
        !this.#isNone(derive.child(at, nameOf(child))) || allowedNames(at, 'element', true).includes(child.tagName);
      const because = causeOf(this.progress, frame, isKnown);
      const elsewhere = meant === undefined && !because ? this.#placeOf(child, frame) : undefined;
      return elementFault(child, { parent: frame.element, allowed, because, unknown: true, elsewhere });
    });
    return derive.merged(state);
  }

  /** Where a child belongs that is not allowed here: the parent's parent, a sibling, or an attribute of this name. */
  #placeOf(child: XmlElement, { element, before, content, parent }: Frame): Elsewhere | undefined {
    const { derive } = this.progress;
    if (parent && !this.#isNone(derive.child(parent.content, nameOf(child)))) {
      return { kind: 'element', on: parent.element };
    }
    if (child.namespaceURI !== null) return undefined;
    // <metadata> takes any element, so only names that the schema spells out count
    const takers = allowedNames(content, 'element').filter((sibling) => {
      const opened = derive.child(content, nameWithoutNamespace(sibling));
      return allowedNames(derive.closeTag(opened, true), 'element', true).includes(child.tagName);
    });
    // a part of several devices may belong in any of them
    const [sibling] = takers;
    if (sibling !== undefined && takers.length === 1) return { kind: 'element', on: { tagName: sibling } };
    if (child.children.length > 0 || element.hasAttribute(child.tagName)) return undefined;
    const named = derive.attribute(derive.child(before, nameOf(element)), nameOf(child));
    const isValue = !this.#isNone(derive.value(named, child.textContent.trim()));
    return isValue ? { kind: 'attribute', on: element } : undefined;
  }

  /** A child that is allowed in the element, but not after the previous children. */
  #displacedChild(state: Pattern, child: XmlElement, frame: Frame): Pattern {
    const { derive } = this.progress;
    const isQuiet = this.progress.isFull || this.progress.isExhausted;
    const clash = isQuiet ? {} : this.#clashOf(child, frame);
    const fault = this.progress.report(() =>
      elementFault(child, { parent: frame.element, allowed: allowedNames(state, 'element'), ...clash }),
    );
    if (fault && clash.second) {
      frame.repeated ??= new Map();
      frame.repeated.set(child.tagName, new RepeatedFault(fault));
    }
    if (clash.before) {
      const others = frame.taken.filter((each) => each !== clash.before);
      frame.taken.push(child);
      const moved = this.element(this.#quietlyAfter(others, frame.content).state, child, frame);
      return this.#quietlyAfter([clash.before], moved).state;
    }
    // its own content may be faulty, too
    this.element(derive.merged(frame.content), child, frame);
    return derive.merged(state);
  }

  /**
   * The sibling without which, or before which, the child is allowed. Quiet walks do not call this: each would start
   * further ones.
   */
  #clashOf(
    child: XmlElement,
    { element, content, taken }: Frame,
  ): { second?: true; before?: XmlElement; after?: XmlElement; beside?: XmlElement } {
    const siblings = taken.slice(-MOST_SIBLINGS_TRIED);
    const isAllowedAfter = (elements: readonly XmlElement[]) => {
      const { state } = this.#quietlyAfter(elements, content);
      return !this.#isNone(this.progress.derive.child(state, nameOf(child)));
    };
    const others = siblings.filter((each) => each.tagName !== child.tagName);
    if (others.length < siblings.length && isAllowedAfter(others)) return { second: true };
    const { children } = element;
    const later = children.slice(children.indexOf(child)).slice(0, MOST_SIBLINGS_TRIED);
    for (const sibling of [...siblings].reverse()) {
      if (this.progress.isExhausted) return {};
      const without = siblings.filter((each) => each !== sibling);
      if (!isAllowedAfter(without)) continue;
      const isRightAfter = (_: XmlElement, index: number) => {
        const moved = [...without, ...later.slice(0, index + 1), sibling, ...later.slice(index + 1)];
        return !this.progress.isExhausted && this.#quietlyAfter(moved, content).faults === 0;
      };
      const after = later.find(isRightAfter);
      return after ? { before: sibling, after } : { beside: sibling };
    }
    return {};
  }

  /** The state after some children; those that are not allowed are skipped and counted. */
  #quietlyAfter(children: readonly XmlElement[], content: Pattern): { state: Pattern; faults: number } {
    const { document, patterns, derive } = this.progress;
    const quiet = new Progress(document, patterns, derive, 0);
    let state = content;
    for (const each of children) {
      this.progress.tried += each.end - each.start;
      if (this.#isNone(derive.child(state, nameOf(each)))) quiet.count++;
      else state = new Walk(quiet, this.match).element(state, each, undefined);
    }
    return { state, faults: quiet.count };
  }

  #endTag(state: Pattern, frame: Frame): Pattern {
    const { derive } = this.progress;
    const ended = derive.endTag(state);
    if (!this.#isNone(ended)) return ended;
    this.#reportMissing(state, frame);
    return derive.merged(derive.endTag(state, true));
  }

  #reportMissing(state: Pattern, frame: Frame): void {
    const { derive } = this.progress;
    // the missing children may depend on the missing attributes
    if (frame.incomplete) return;
    if (this.progress.isFull) {
      this.progress.count++;
      return;
    }
    const missing = requiredNames(state, 'element');
    // a misspelled child has been reported
    if ([...missing.all, ...missing.oneOf].some((name) => frame.meant?.has(name))) return;
    const taken = frame.taken.slice(-MOST_SIBLINGS_TRIED);
    const isComplete = (content: Pattern) => !this.#isNone(derive.endTag(this.#quietlyAfter(taken, content).state));
    this.progress.report(() => {
      const because = causeOf(this.progress, frame, (content) => !this.progress.isExhausted && isComplete(content));
      const hint = sourceHint(this.progress.document, frame.element, missing.all);
      return missingFault(frame.element, { ...missing, what: 'element', because, hint });
    });
  }

  #isNone(state: Pattern): boolean {
    return this.progress.isNone(state);
  }
}
