import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import { causeOf } from './cause.js';
import { allowedNames, allowedValues, requiredNames } from './expected.js';
import { attributeFault, clashFault, missingFault, valueFault } from './fault.js';
import { type Elsewhere, similar, tidied } from './hint.js';
import { attributeName, attributesIn, nameOf, nameWithoutNamespace } from './names.js';
import type { Pattern } from './pattern.js';
import type { Frame, Progress } from './progress.js';

/**
 * The state after a start tag; after a fault, as if it were corrected. Reports in this order, as attributes have no
 * order: unknown names, values that are never allowed, attributes that exclude each other, missing attributes.
 * @param opened the state after the element's name
 */
export function walkStartTag(
  progress: Progress,
  element: XmlElement,
  opened: Pattern,
  parent: Frame | undefined,
): { content: Pattern; incomplete: boolean } {
  // most tags have no fault
  const content = progress.derive.closeTag(progress.afterAttributes(opened, attributesIn(element)));
  if (!progress.isNone(content)) return { content, incomplete: false };
  return new StartTag(progress, element, opened, parent).walk();
}

class StartTag {
  /** faulty attributes, whose value is ignored */
  readonly #any = new Set<XmlAttribute>();
  /** names that were probably meant by attributes with unknown names */
  readonly #meant = new Set<string>();

  constructor(
    private readonly progress: Progress,
    private readonly element: XmlElement,
    private readonly opened: Pattern,
    private readonly parent: Frame | undefined,
  ) {}

  walk(): { content: Pattern; incomplete: boolean } {
    const { derive } = this.progress;
    const given = attributesIn(this.element);
    const known = given.filter((each) => this.#isKnown(each));
    for (const each of known) this.#checkValue(each);
    const { left, state } = this.#withoutClashes(known);
    const isFaulty = left.length < given.length || this.#any.size > 0;
    const closed = derive.closeTag(state);
    if (!this.progress.isNone(closed)) return { content: isFaulty ? derive.merged(closed) : closed, incomplete: false };
    this.#reportMissing(state, left, isFaulty);
    return { content: derive.merged(derive.closeTag(state, true)), incomplete: true };
  }

  #isKnown(attribute: XmlAttribute): boolean {
    const { document, derive } = this.progress;
    const name = attributeName(attribute);
    if (!this.#isNone(derive.attribute(this.opened, name))) return true;
    const allowed = this.progress.isFull
      ? []
      : allowedNames(this.opened, 'attribute').filter((each) => !this.element.hasAttribute(each));
    // rather a name with which the value is allowed
    const fitting = allowed.filter((each) => {
      const named = derive.attribute(this.opened, nameWithoutNamespace(each));
      return !this.#isNone(derive.value(named, attribute.value));
    });
    const meant = similar(attribute.name, fitting) ?? similar(attribute.name, allowed);
    if (meant !== undefined) this.#meant.add(meant);
    this.progress.report(() => {
      const because = this.#causeOf((opened) => !this.#isNone(derive.attribute(opened, name)));
      const elsewhere = meant === undefined && !because ? this.#placeOf(attribute) : undefined;
      return attributeFault(document, this.element, attribute, { meant, because, elsewhere });
    });
    return false;
  }

  /** Where an attribute belongs that is not allowed here: the parent, or an element of this name. */
  #placeOf(attribute: XmlAttribute): Elsewhere | undefined {
    const { derive } = this.progress;
    const { parent, element } = this;
    if (parent && !parent.element.hasAttribute(attribute.name)) {
      const inParent = derive.attribute(derive.child(parent.before, nameOf(parent.element)), attributeName(attribute));
      if (!this.#isNone(derive.value(inParent, attribute.value))) return { kind: 'attribute', on: parent.element };
    }
    if (element.children.some(({ tagName }) => tagName === attribute.name)) return undefined;
    const child = derive.child(derive.closeTag(this.opened, true), attributeName(attribute));
    const isContent = !this.#isNone(derive.text(derive.closeTag(child), attribute.value));
    return isContent ? { kind: 'element', on: element } : undefined;
  }

  #checkValue(attribute: XmlAttribute): void {
    const { document, derive } = this.progress;
    const name = attributeName(attribute);
    const named = derive.attribute(this.opened, name);
    if (!this.#isNone(derive.value(named, attribute.value))) return;
    this.#any.add(attribute);
    this.progress.report(() => {
      const isAllowed = (opened: Pattern) =>
        !this.#isNone(derive.value(derive.attribute(opened, name), attribute.value));
      const because = this.#causeOf(isAllowed);
      const meant = tidied(attribute.value, (tidy) => !this.#isNone(derive.value(named, tidy)));
      return valueFault(document, this.element, attribute, { values: allowedValues(named), because, meant });
    });
  }

  /** Leaves out attributes, one after the other, until the rest is allowed together. */
  #withoutClashes(known: readonly XmlAttribute[]): { left: readonly XmlAttribute[]; state: Pattern } {
    let left = known;
    let state = this.#after(left);
    while (this.#isNone(state)) {
      const { attribute, other, values } = this.#clash(left);
      left = left.filter((each) => each !== attribute);
      // an attribute with a value that is never allowed has been reported
      if (!this.#any.has(attribute)) {
        this.progress.report(() => clashFault(this.progress.document, this.element, attribute, { other, values }));
      }
      state = this.#after(left);
    }
    return { left, state };
  }

  /**
   * Each attribute is allowed, but not all of them together. Finds the attribute without which the tag is allowed, or
   * lacks the fewest attributes; if there are several, the last one.
   */
  #clash(left: readonly XmlAttribute[]): {
    attribute: XmlAttribute;
    other: XmlAttribute | undefined;
    values: string[];
  } {
    const { derive } = this.progress;
    const first = left.findIndex((_, index) => this.#isNone(this.#after(left.slice(0, index + 1))));
    const clashing = left.slice(0, first + 1);
    const without = (all: readonly XmlAttribute[], one: XmlAttribute) =>
      this.#after(all.filter((each) => each !== one));
    const cost = (each: XmlAttribute): number => {
      if (this.#any.has(each)) return -1;
      const whole = without(left, each);
      if (!this.#isNone(derive.closeTag(whole))) return 0;
      if (!this.#isNone(whole)) return 1;
      return this.#isNone(without(clashing, each)) ? 3 : 2;
    };
    // the sort is stable: of equal costs the last attribute
    const [attribute] = [...clashing].reverse().sort((a, b) => cost(a) - cost(b)) as [XmlAttribute];
    const others = clashing.filter((each) => each !== attribute);
    const isFreed = (each: XmlAttribute) => !this.#isNone(this.#after(clashing, new Set([...this.#any, each])));
    const excludes = (each: XmlAttribute) => this.#isNone(this.#after([each, attribute]));
    const other = others.find(isFreed) ?? others.find(excludes);
    const values = allowedValues(derive.attribute(this.#after(others), attributeName(attribute)));
    return { attribute, other, values: values.any || values.types.length > 0 ? [] : values.spelled };
  }

  #reportMissing(state: Pattern, left: readonly XmlAttribute[], isFaulty: boolean): void {
    const { derive } = this.progress;
    const missing = requiredNames(state, 'attribute');
    // a faulty attribute may stand for the missing one
    if (isFaulty && missing.all.length === 0) return;
    // a misspelled attribute has been reported
    if (missing.all.some((name) => this.#meant.has(name))) return;
    this.progress.report(() => {
      const because = this.#causeOf((opened) => !this.#isNone(derive.closeTag(this.#after(left, this.#any, opened))));
      return missingFault(this.element, { ...missing, what: 'attribute', because });
    });
  }

  #after(
    attributes: readonly XmlAttribute[],
    any: ReadonlySet<XmlAttribute> = this.#any,
    opened: Pattern = this.opened,
  ): Pattern {
    return this.progress.afterAttributes(opened, attributes, any);
  }

  #causeOf(isAllowed: (opened: Pattern) => boolean) {
    const { derive } = this.progress;
    return causeOf(this.progress, this.parent, (state) => isAllowed(derive.child(state, nameOf(this.element))));
  }

  #isNone(state: Pattern): boolean {
    return this.progress.isNone(state);
  }
}
