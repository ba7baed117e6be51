import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import type { Derivative, Name } from './derivative.js';
import { allowedNames, allowedValues, requiredNames } from './expected.js';
import type { Fault } from './fault.js';
import {
  attributeFault,
  clashFault,
  elementFault,
  missingFault,
  RepeatedFault,
  similar,
  textFault,
  valueFault,
} from './fault.js';
import type { Pattern, Patterns } from './pattern.js';

/** An element that is open. */
interface Frame {
  element: XmlElement;
  /** the state before the element */
  before: Pattern;
  /** the state after its start tag: what may be in it */
  content: Pattern;
  /** its children so far that were allowed */
  taken: XmlElement[];
  /** children that are there too often, by name */
  repeated: Map<string, RepeatedFault>;
  /** names that children with unknown names probably mean */
  meant: Set<string>;
  parent: Frame | undefined;
}

/** More siblings are not tried, one after the other, for what a child clashes with. */
const MOST_SIBLINGS_TRIED = 60;
const MOST_ANCESTORS_TRIED = 4;

/** Walks through a document along a grammar, and goes on after each fault as if it were mended. */
export class Walk {
  readonly faults: Fault[] = [];
  /** those that are beyond the most are counted only */
  count = 0;
  /** elements that lack attributes */
  readonly #incomplete = new Set<XmlElement>();

  constructor(
    private readonly document: XmlDocument,
    private readonly patterns: Patterns,
    private readonly derive: Derivative,
    private readonly mostFaults: number,
  ) {}

  faultsFrom(start: Pattern): Fault[] {
    const { root } = this.document;
    const state = this.patterns.after(start, this.patterns.empty);
    if (this.#isNone(this.derive.child(state, nameOf(root))))
      this.faults.push(elementFault(root, { allowed: allowedNames(start, 'element') }));
    else this.#element(state, root, undefined);
    return this.faults;
  }

  /** The state after an element. */
  #element(before: Pattern, element: XmlElement, parent: Frame | undefined): Pattern {
    const opened = this.derive.child(before, nameOf(element));
    const content = this.#startTag(opened, element, parent);
    const frame: Frame = { element, before, content, taken: [], repeated: new Map(), meant: new Set(), parent };
    const inside = this.#content(content, frame);
    return this.#endTag(inside, frame);
  }

  #startTag(opened: Pattern, element: XmlElement, parent: Frame | undefined): Pattern {
    const { derive } = this;
    const given = element.attributes.filter(isNoDeclaration);
    const known = given.filter((each) => {
      if (!this.#isNone(derive.attribute(opened, attributeName(each)))) return true;
      this.#add(
        attributeFault(this.document, element, each, {
          allowed: allowedNames(opened, 'attribute').filter((name) => !element.hasAttribute(name)),
          because: this.#freedAncestor(parent, (state) => {
            const child = derive.child(state, nameOf(element));
            return !this.#isNone(child) && !this.#isNone(derive.attribute(child, attributeName(each)));
          }),
        }),
      );
      return false;
    });
    /** attributes whose value no longer counts */
    const any = new Set<XmlAttribute>();
    for (const each of known) {
      const named = derive.attribute(opened, attributeName(each));
      if (!this.#isNone(derive.value(named, each.value))) continue;
      any.add(each);
      this.#add(
        valueFault(this.document, element, each, {
          values: allowedValues(named),
          because: this.#freedAncestor(parent, (state) => {
            const child = derive.child(state, nameOf(element));
            return !this.#isNone(derive.value(derive.attribute(child, attributeName(each)), each.value));
          }),
        }),
      );
    }
    let left = known;
    let state = this.#attributes(opened, left, any);
    while (this.#isNone(state)) {
      const blamed = this.#clashing(opened, left, any);
      left = left.filter((each) => each !== blamed.attribute);
      // one whose value is wrong everywhere is reported already
      if (!any.has(blamed.attribute)) this.#add(clashFault(this.document, element, blamed.attribute, blamed));
      state = this.#attributes(opened, left, any);
    }
    const faulty = left.length < given.length || any.size > 0;
    const closed = derive.closeTag(state);
    if (!this.#isNone(closed)) return faulty ? derive.merged(closed) : closed;
    // an attribute that is faulty may stand for the one that is missing
    const missing = requiredNames(state, 'attribute');
    const because = this.#freedAncestor(
      parent,
      (at) => !this.#isNone(derive.closeTag(this.#attributes(derive.child(at, nameOf(element)), left, any))),
    );
    this.#incomplete.add(element);
    if (!faulty || missing.all.length > 0) this.#add(missingFault(element, { ...missing, what: 'attribute', because }));
    return derive.merged(derive.closeTag(state, true));
  }

  /** The state after these attributes, in any order. */
  #attributes(opened: Pattern, attributes: readonly XmlAttribute[], any: ReadonlySet<XmlAttribute>): Pattern {
    let state = opened;
    for (const each of attributes) {
      state = this.derive.value(this.derive.attribute(state, attributeName(each)), each.value, any.has(each));
    }
    return state;
  }

  /**
   * Each attribute is allowed, but not all together. To blame is the one without which the tag is right, or lacks least;
   * of several the last.
   */
  #clashing(
    opened: Pattern,
    attributes: readonly XmlAttribute[],
    any: ReadonlySet<XmlAttribute>,
  ): { attribute: XmlAttribute; other: XmlAttribute | undefined; values: string[] } {
    const { derive } = this;
    // up to the first attribute that is not allowed beside those before it
    let clashing = attributes;
    for (let count = 2; count <= attributes.length; count++) {
      if (!this.#isNone(this.#attributes(opened, attributes.slice(0, count), any))) continue;
      clashing = attributes.slice(0, count);
      break;
    }
    let best = clashing.at(-1) as XmlAttribute;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const each of [...clashing].reverse()) {
      const whole = this.#attributes(
        opened,
        attributes.filter((other) => other !== each),
        any,
      );
      const part = this.#attributes(
        opened,
        clashing.filter((other) => other !== each),
        any,
      );
      const cost = any.has(each)
        ? -1
        : !this.#isNone(derive.closeTag(whole))
          ? 0
          : !this.#isNone(whole)
            ? 1
            : !this.#isNone(part)
              ? 2
              : 3;
      if (cost >= bestCost) continue;
      best = each;
      bestCost = cost;
    }
    const others = clashing.filter((each) => each !== best);
    const other =
      others.find((each) => !this.#isNone(this.#attributes(opened, clashing, new Set([...any, each])))) ??
      others.find((each) => this.#isNone(this.#attributes(opened, [each, best], any)));
    const beside = this.#attributes(opened, others, any);
    const values = allowedValues(derive.attribute(beside, attributeName(best)));
    return { attribute: best, other, values: values.any || values.types.length > 0 ? [] : values.spelled };
  }

  #content(content: Pattern, frame: Frame): Pattern {
    const { element } = frame;
    const hasChildren = element.content.some((part) => typeof part !== 'string');
    if (!hasChildren) return this.#text(content, frame, textIn(this.document, element));
    let state = content;
    for (const part of element.content) {
      if (typeof part === 'string') {
        const next = this.derive.text(state, part);
        if (this.#isNone(next)) this.#addText(part, frame, state);
        else state = next;
      } else state = this.#child(state, part, frame);
    }
    return state;
  }

  #text(state: Pattern, frame: Frame, text: string): Pattern {
    const { derive } = this;
    const isSpace = /^[ \t\r\n]*$/.test(text);
    const next = derive.text(state, text);
    const result = isSpace ? this.patterns.choice(state, next) : next;
    const isAllowed = isSpace ? !this.#isNone(derive.endTag(result)) : !this.#isNone(next);
    if (isAllowed) return result;
    // an empty element may lack children, which #endTag reports
    if (isSpace && this.#isNone(derive.text(state, '', true))) return state;
    this.#addText(text, frame, state);
    const any = derive.text(state, text, true);
    return derive.merged(this.#isNone(any) ? state : any);
  }

  #addText(text: string, frame: Frame, state: Pattern): void {
    const { element } = frame;
    const isValue = !this.#isNone(this.derive.text(state, text, true));
    const because = this.#freedAncestor(frame, (at) => !this.#isNone(this.derive.text(at, text)));
    this.#add(textFault(this.document, element, text, { values: isValue ? allowedValues(state) : undefined, because }));
  }

  #child(state: Pattern, child: XmlElement, frame: Frame): Pattern {
    const { derive } = this;
    const name = nameOf(child);
    if (!this.#isNone(derive.child(state, name))) {
      const after = this.#element(state, child, frame);
      frame.taken.push(child);
      return after;
    }
    const repeated = frame.repeated.get(child.tagName);
    if (repeated) {
      repeated.add();
      return state;
    }
    const known = !this.#isNone(derive.child(frame.content, name));
    const clash = known ? this.#clashingSibling(child, frame) : undefined;
    const because = known ? undefined : this.#freedAncestor(frame, (at) => !this.#isNone(derive.child(at, name)));
    const allowed = allowedNames(state, 'element');
    const meant = known ? undefined : similar(child.tagName, allowed);
    if (meant !== undefined) frame.meant.add(meant);
    const fault = elementFault(child, { parent: frame.element, allowed, ...clash, because });
    this.#add(fault);
    if (clash?.second) frame.repeated.set(child.tagName, new RepeatedFault(fault));
    if (clash?.before) {
      const others = frame.taken.filter((each) => each !== clash.before);
      frame.taken.push(child);
      const moved = this.#element(this.#quietlyAfter(others, frame).state, child, frame);
      return this.#quietlyAfter([clash.before], { ...frame, content: moved }).state;
    }
    // its own content may be faulty, too
    if (known) this.#element(derive.merged(frame.content), child, frame);
    return derive.merged(state);
  }

  /** The sibling beside which, or before which, a child is allowed that is not allowed here. */
  #clashingSibling(child: XmlElement, frame: Frame): { second?: true; before?: XmlElement; beside?: XmlElement } {
    const siblings = frame.taken.slice(-MOST_SIBLINGS_TRIED);
    const isAllowedAfter = (elements: readonly XmlElement[], next: XmlElement) =>
      !this.#isNone(this.derive.child(this.#quietlyAfter(elements, frame).state, nameOf(next)));
    if (siblings.some((each) => each.tagName === child.tagName)) {
      const others = siblings.filter((each) => each.tagName !== child.tagName);
      if (isAllowedAfter(others, child)) return { second: true };
    }
    const later = frame.element.children.slice(frame.element.children.indexOf(child)).slice(0, MOST_SIBLINGS_TRIED);
    for (const sibling of [...siblings].reverse()) {
      const without = siblings.filter((each) => each !== sibling);
      if (!isAllowedAfter(without, child)) continue;
      const moved = this.#quietlyAfter([...without, ...later, sibling], frame);
      return moved.faults === 0 ? { before: sibling } : { beside: sibling };
    }
    return {};
  }

  /** The state inside of an element after some children; those that are not allowed do not count for it. */
  #quietlyAfter(children: readonly XmlElement[], { content }: Frame): { state: Pattern; faults: number } {
    const quiet = new Walk(this.document, this.patterns, this.derive, 0);
    let state = content;
    for (const each of children) {
      if (this.#isNone(this.derive.child(state, nameOf(each)))) quiet.count++;
      else state = quiet.#element(state, each, undefined);
    }
    return { state, faults: quiet.count };
  }

  #endTag(state: Pattern, frame: Frame): Pattern {
    const { derive } = this;
    const ended = derive.endTag(state);
    if (!this.#isNone(ended)) return ended;
    // what it lacks depends on the attributes that it lacks
    if (this.#incomplete.has(frame.element)) return derive.merged(derive.endTag(state, true));
    const missing = requiredNames(state, 'element');
    // a misspelled child is reported already
    if ([...missing.all, ...missing.oneOf].some((name) => frame.meant.has(name)))
      return derive.merged(derive.endTag(state, true));
    const because = this.#freedAncestor(frame, (at) => {
      const taken = frame.taken.slice(-MOST_SIBLINGS_TRIED);
      return !this.#isNone(derive.endTag(this.#quietlyAfter(taken, { ...frame, content: at }).state));
    });
    this.#add(
      missingFault(frame.element, { ...missing, what: 'element', because, allowed: allowedNames(state, 'element') }),
    );
    return derive.merged(derive.endTag(state, true));
  }

  /**
   * The attribute, of an open element, without whose value the rest would be right.
   * @param isRight asked with the state in the innermost of the frames, after its start tag
   */
  #freedAncestor(
    innermost: Frame | undefined,
    isRight: (state: Pattern) => boolean,
  ): { element: XmlElement; attribute: XmlAttribute } | undefined {
    if (this.faults.length >= this.mostFaults) return undefined;
    const path: Frame[] = [];
    for (let frame = innermost; frame && path.length < MOST_ANCESTORS_TRIED; frame = frame.parent) {
      path.unshift(frame);
      for (const attribute of frame.element.attributes.filter(isNoDeclaration).reverse()) {
        const state = this.#along(path, attribute);
        if (state && !this.#isNone(state) && isRight(state)) return { element: frame.element, attribute };
      }
    }
    return undefined;
  }

  /** The state inside of the last of nested elements, if the value of one attribute does not count. */
  #along(path: readonly Frame[], free: XmlAttribute): Pattern | undefined {
    let state = path[0]?.before;
    for (const { element } of path) {
      if (state === undefined) return undefined;
      const opened = this.derive.child(state, nameOf(element));
      const attributes = element.attributes.filter(isNoDeclaration).filter((each) => {
        const value = this.derive.value(this.derive.attribute(opened, attributeName(each)), each.value, each === free);
        return !this.#isNone(value);
      });
      const after = this.#attributes(opened, attributes, new Set([free]));
      state = this.#isNone(after) ? undefined : this.derive.closeTag(after, true);
    }
    return state;
  }

  #add(fault: Fault): void {
    this.count++;
    if (this.faults.length < this.mostFaults) this.faults.push(fault);
  }

  #isNone(state: Pattern): boolean {
    return state === this.patterns.notAllowed;
  }
}

const isNoDeclaration = ({ name }: XmlAttribute) => name !== 'xmlns' && !name.startsWith('xmlns:');

const nameOf = ({ namespaceURI, localName }: XmlElement): Name => ({ ns: namespaceURI ?? '', local: localName });

const attributeName = ({ name, uri }: XmlAttribute): Name => ({ ns: uri, local: name.slice(name.indexOf(':') + 1) });

/** The whole text of an element without children. The parser leaves out what is only white space. */
function textIn({ text }: XmlDocument, element: XmlElement): string {
  if (element.content.length > 0) return element.textContent;
  const written = text.slice(element.openEnd, element.closeStart);
  return /^[ \t\r\n]+$/.test(written) ? written : '';
}
