import type { Element } from '@xmldom/xmldom';
import type { AttributePart, ChildPart, Part, Parts, TextPart } from './element-parts.js';
import type { SchemaFault } from './fault.js';
import type { Excerpt } from './probe.js';

// Tried where a grammar gives a pattern rather than values: names, numbers, a path, a unit, and what addresses look like.
const COMMON_NAMES = ['vda', '0x0001', 'c0ffee00-0000-4000-8000-000000000001'];
const COMMON_VALUES = ['1', '0', '/a', 'KiB', '52:54:00:00:00:01', '10.0.0.1', ...COMMON_NAMES];
const MOST_TRIED = 60;
const MOST_PAIRED = 32;
const MOST_ORDERED = 10;

/**
 * What is at fault inside an element that the schema does not take, found by trying what it takes instead: without each
 * part, with other values, with what might be missing. Empty where nothing helps. Throws BudgetSpent.
 */
export function searchInside(element: Element, excerpt: Excerpt, parts: Parts): SchemaFault[] {
  return new Search(excerpt, parts).faultsOf(element);
}

/**
 * What is at fault about the children of an element that are all good, each alone: one too many, one missing, or their
 * order. Throws BudgetSpent.
 */
export function searchAmongChildren(element: Element, excerpt: Excerpt, parts: Parts): SchemaFault[] {
  return new Search(excerpt, parts).faultsAmongChildren(element);
}

class Search {
  constructor(
    private readonly excerpt: Excerpt,
    private readonly parts: Parts,
  ) {}

  faultsOf(element: Element): SchemaFault[] {
    const unknown = this.#unknownParts(element);
    if (unknown.length > 0) return unknown.map((part) => this.#faultOf(part));
    const single =
      this.#byRemoval(element) ??
      this.#everywhere(element, (each) => this.#byOddValue(each)) ??
      this.#everywhere(element, (each) => this.#byAttribute(each)) ??
      this.#everywhere(element, (each) => this.#byOrder(each));
    if (single) return [single];
    const two = this.#byTwoRemovals(element);
    if (two.length > 0) return two;
    const last =
      this.#everywhere(element, (each) => this.#byChild(each)) ??
      this.#everywhere(element, (each) => this.#byOtherValue(each));
    return last ? [last] : [];
  }

  faultsAmongChildren(element: Element): SchemaFault[] {
    const suspects = [...this.parts.texts(element), ...this.parts.children(element).reverse()];
    const tooMuch = suspects.find(({ removal }) => this.excerpt.accepts([removal]));
    if (tooMuch) return [this.#faultOf(tooMuch)];
    const fault = this.#byChild(element) ?? this.#byOrder(element);
    return fault ? [fault] : [];
  }

  /** Parts that the grammar has nowhere in such elements: wrong for sure, and often several, of one mistake. */
  #unknownParts(owner: Element): Part[] {
    // Below a wildcard the grammar's own names mean nothing.
    if (this.parts.words(owner).open) return [];
    const attributes = this.parts.attributes(owner).filter((part) => !this.parts.isKnown(part));
    const children = this.parts
      .children(owner)
      .flatMap((part) => (this.parts.isKnown(part) ? this.#unknownParts(part.child) : [part]));
    return [...attributes, ...children];
  }

  /** The part without which the element is taken, or what is at fault inside of it. */
  #byRemoval(element: Element): SchemaFault | undefined {
    for (const part of this.#suspects(element)) {
      if (!this.excerpt.accepts([part.removal])) continue;
      if (!('child' in part)) return this.#faultOf(part);
      return this.faultsOf(part.child)[0] ?? this.#faultOf(part);
    }
    // A child that must be there can be at fault inside.
    for (const { child } of this.parts.children(element)) {
      const fault = this.#byRemoval(child);
      if (fault) return fault;
    }
    return undefined;
  }

  /** The likeliest first; of children, the later ones, as it is the second of two that is one too many. */
  #suspects(element: Element): Part[] {
    const attributes = this.parts.attributes(element);
    const odd = attributes.filter((part) => !this.parts.isKnown(part) || this.parts.hasOddValue(part));
    const children = this.parts.children(element).reverse();
    const texts = this.parts.texts(element);
    return [...odd, ...texts, ...children, ...attributes.filter((part) => !odd.includes(part))];
  }

  #everywhere(element: Element, find: (element: Element) => SchemaFault | undefined): SchemaFault | undefined {
    const here = find(element);
    if (here) return here;
    for (const child of element.children) {
      const fault = this.#everywhere(child, find);
      if (fault) return fault;
    }
    return undefined;
  }

  #byOddValue(element: Element): SchemaFault | undefined {
    for (const part of this.parts.attributes(element)) {
      if (!this.parts.hasOddValue(part)) continue;
      const accepted = this.#acceptedValues(part);
      if (accepted) return this.#valueFault(part, accepted);
    }
    return this.#byText(element);
  }

  /** A value that is right elsewhere, and wrong beside what else stands here. */
  #byOtherValue(element: Element): SchemaFault | undefined {
    for (const part of this.parts.attributes(element)) {
      if (this.parts.hasOddValue(part)) continue;
      const accepted = this.#acceptedValues(part);
      if (accepted) return this.#valueFault(part, accepted);
    }
    return undefined;
  }

  /** The text of an element that has to have another. */
  #byText(element: Element): SchemaFault | undefined {
    const [part] = this.parts.texts(element);
    if (part === undefined || element.children.length > 0) return undefined;
    const accepted = this.#firstAccepted(this.parts.words(element).texts, (text) => [
      { ...part.removal, text: escaped(text) },
    ]);
    return accepted && { ...this.#textFault(part), accepted };
  }

  #byAttribute(element: Element): SchemaFault | undefined {
    const nameEnd = this.parts.document.rangeOf(element).start + '<'.length + element.tagName.length;
    for (const [name, values] of this.parts.words(element).attributes) {
      if (element.hasAttribute(name)) continue;
      const adding = (value: string) => [{ start: nameEnd, end: nameEnd, text: ` ${name}="${escaped(value)}"` }];
      if (tried(values).some((value) => this.excerpt.accepts(adding(value)))) return this.#missing(element, `@${name}`);
    }
    return undefined;
  }

  #byChild(element: Element): SchemaFault | undefined {
    const present = new Set([...element.children].map(({ tagName }) => tagName));
    for (const name of this.parts.words(element).children) {
      if (present.has(name)) continue;
      const accepted = this.#forms(name).some((text) => this.excerpt.accepts([this.parts.append(element, text)]));
      if (accepted) return this.#missing(element, name);
    }
    return undefined;
  }

  /** Simple elements of a name, of which one may be taken. */
  #forms(name: string): string[] {
    const words = this.parts.vocabulary.get(name);
    const attributes = [...(words?.attributes ?? [])].flatMap(([attribute, values]) =>
      [...[...values].slice(0, 1), ...COMMON_NAMES].map((value) => `${attribute}="${escaped(value)}"`),
    );
    const children = [...(words?.children ?? [])].map((child) => `<${child}/>`);
    return [
      `<${name}/>`,
      `<${name}>1</${name}>`,
      ...attributes.map((attribute) => `<${name} ${attribute}/>`),
      ...children.map((child) => `<${name}>${child}</${name}>`),
    ];
  }

  /** A child that would be taken in another place among its siblings. */
  #byOrder(element: Element): SchemaFault | undefined {
    const children = this.parts.children(element).slice(0, MOST_ORDERED);
    const places = [this.parts.document.rangeOf(element).openEnd, ...children.map(({ removal }) => removal.end)];
    for (const [index, { child, removal }] of children.entries()) {
      const text = this.parts.document.text.slice(removal.start, removal.end);
      const place = places.findIndex(
        (at, before) =>
          before !== index && before !== index + 1 && this.excerpt.accepts([removal, { start: at, end: at, text }]),
      );
      if (place < 0) continue;
      const after = children[place - 1]?.child.tagName;
      return { ...this.#elementPlace(child), kind: 'order', ...(after === undefined ? {} : { name: after }) };
    }
    return undefined;
  }

  /** Two faults in one element: each is looked into with the other part gone. */
  #byTwoRemovals(element: Element): SchemaFault[] {
    const all = this.#suspectsBelow(element).slice(0, MOST_PAIRED);
    for (const [index, first] of all.entries()) {
      for (const second of all.slice(index + 1)) {
        // Of two that overlap, one is inside the other.
        const apart = first.removal.end <= second.removal.start || second.removal.end <= first.removal.start;
        if (!apart || !this.excerpt.accepts([first.removal, second.removal])) continue;
        return [this.#without(second).#refined(first), this.#without(first).#refined(second)];
      }
    }
    return [];
  }

  #suspectsBelow(element: Element): Part[] {
    return [...this.#suspects(element), ...[...element.children].flatMap((child) => this.#suspectsBelow(child))];
  }

  #without(part: Part): Search {
    return new Search(this.excerpt.with([part.removal]), this.parts);
  }

  #refined(part: Part): SchemaFault {
    return ('child' in part ? this.faultsOf(part.child)[0] : undefined) ?? this.#faultOf(part);
  }

  #faultOf(part: Part): SchemaFault {
    if ('child' in part) return this.#childFault(part);
    if ('text' in part) return this.#textFault(part);
    const accepted = this.parts.isKnown(part) ? this.#acceptedValues(part) : undefined;
    if (accepted) return this.#valueFault(part, accepted);
    return { ...this.#valueFault(part, []), kind: 'attribute', known: this.parts.isKnown(part) };
  }

  #childFault(part: ChildPart): SchemaFault {
    const place = this.#elementPlace(part.child);
    return { ...place, kind: 'element', known: this.parts.isKnown(part), repeated: this.parts.isRepeated(part) };
  }

  #textFault({ owner, text, removal: { start, end } }: TextPart): SchemaFault {
    return { kind: 'text', start, end, element: owner.tagName, value: text };
  }

  #valueFault({ owner, attribute }: AttributePart, accepted: string[]): SchemaFault {
    const { start, end, name } = attribute;
    const value = owner.getAttribute(name) ?? '';
    return { kind: 'value', start, end, element: owner.tagName, name, value, accepted };
  }

  #missing(element: Element, name: string): SchemaFault {
    return { ...this.#elementPlace(element), kind: 'missing', name };
  }

  #elementPlace(element: Element): Omit<SchemaFault, 'kind'> {
    const { start, openEnd } = this.parts.document.rangeOf(element);
    const parent = element.parentElement?.tagName;
    return { start, end: openEnd, element: element.tagName, ...(parent === undefined ? {} : { parent }) };
  }

  /** undefined where no value helps; empty where one does that the grammar does not spell out. */
  #acceptedValues({ owner, attribute }: AttributePart): string[] | undefined {
    const known = this.parts.words(owner).attributes.get(attribute.name) ?? new Set<string>();
    const { valueStart, valueEnd } = attribute;
    return this.#firstAccepted(known, (value) => [{ start: valueStart, end: valueEnd, text: escaped(value) }]);
  }

  #firstAccepted(
    known: ReadonlySet<string>,
    edits: (value: string) => Parameters<Excerpt['accepts']>[0],
  ): string[] | undefined {
    const spelled = [...known].slice(0, MOST_TRIED).filter((value) => this.excerpt.accepts(edits(value)));
    // Where a common value fits too there is a pattern, and the spelled values are not all that is allowed.
    const open = COMMON_VALUES.some((value) => !known.has(value) && this.excerpt.accepts(edits(value)));
    if (open) return [];
    return spelled.length > 0 ? spelled : undefined;
  }
}

function tried(values: ReadonlySet<string>): string[] {
  return [...[...values].slice(0, 4), ...COMMON_VALUES.filter((value) => !values.has(value))];
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;');
}
