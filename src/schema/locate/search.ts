import type { XmlElement } from '../../xml/element.js';
import { acceptedTexts, acceptedValues, attributesToTry, elementsToTry } from './candidates.js';
import type { SchemaFault } from './fault.js';
import { attributeFault, childFault, missingFault, orderFault, textFault, valueFault } from './fault-of-part.js';
import type { Part, Parts } from './parts.js';
import type { Excerpt } from './probe.js';

const MOST_PAIRED = 32;
const MOST_ORDERED = 10;

/**
 * The faults inside an element that the schema rejects, found by validating variants: without each part, with other
 * values, with additional parts. Empty if no variant is valid. Throws BudgetSpent.
 */
export function searchInside(element: XmlElement, excerpt: Excerpt, parts: Parts): SchemaFault[] {
  return new Search(excerpt, parts).faultsOf(element);
}

/**
 * The faults among the children of an element that are all valid alone: one too many, one missing, or their order.
 * Throws BudgetSpent.
 */
export function searchAmongChildren(element: XmlElement, excerpt: Excerpt, parts: Parts): SchemaFault[] {
  return new Search(excerpt, parts).faultsAmongChildren(element);
}

class Search {
  constructor(
    private readonly excerpt: Excerpt,
    private readonly parts: Parts,
  ) {}

  faultsOf(element: XmlElement): SchemaFault[] {
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

  faultsAmongChildren(element: XmlElement): SchemaFault[] {
    const suspects = [...this.parts.texts(element), ...this.parts.children(element).reverse()];
    const tooMuch = suspects.find(({ removal }) => this.excerpt.accepts([removal]));
    if (tooMuch) return [this.#faultOf(tooMuch)];
    const fault = this.#byChild(element) ?? this.#byOrder(element);
    return fault ? [fault] : [];
  }

  /** Parts that the grammar has nowhere in such elements: certainly wrong, and often several at once. */
  #unknownParts(owner: XmlElement): Part[] {
    // a wildcard allows names that are not in the grammar
    if (this.parts.words(owner).open) return [];
    const attributes = this.parts.attributes(owner).filter((part) => !this.parts.isKnown(part));
    const children = this.parts
      .children(owner)
      .flatMap((part) => (this.parts.isKnown(part) ? this.#unknownParts(part.child) : [part]));
    return [...attributes, ...children];
  }

  /** The part without which the schema accepts the element, or the fault inside that part. */
  #byRemoval(element: XmlElement): SchemaFault | undefined {
    for (const part of this.#suspects(element)) {
      if (!this.excerpt.accepts([part.removal])) continue;
      if (!('child' in part)) return this.#faultOf(part);
      const inside = this.faultsOf(part.child)[0];
      if (inside) return inside;
      return (this.parts.isRepeated(part) ? undefined : this.#byOrder(element)) ?? this.#faultOf(part);
    }
    // a required child can have a fault inside
    for (const { child } of this.parts.children(element)) {
      const fault = this.#byRemoval(child);
      if (fault) return fault;
    }
    return undefined;
  }

  /** The most likely first; the later children first, because of two equal ones the second is the superfluous one. */
  #suspects(element: XmlElement): Part[] {
    const attributes = this.parts.attributes(element);
    const odd = attributes.filter((part) => !this.parts.isKnown(part) || this.parts.hasOddValue(part));
    const children = this.parts.children(element).reverse();
    const texts = this.parts.texts(element);
    return [...odd, ...texts, ...children, ...attributes.filter((part) => !odd.includes(part))];
  }

  #everywhere(element: XmlElement, find: (element: XmlElement) => SchemaFault | undefined): SchemaFault | undefined {
    const here = find(element);
    if (here) return here;
    for (const child of element.children) {
      const fault = this.#everywhere(child, find);
      if (fault) return fault;
    }
    return undefined;
  }

  #byOddValue(element: XmlElement): SchemaFault | undefined {
    for (const part of this.parts.attributes(element)) {
      if (!this.parts.hasOddValue(part)) continue;
      const accepted = acceptedValues(part, this.excerpt, this.parts);
      if (accepted) return valueFault(part, accepted);
    }
    return this.#byText(element);
  }

  /** A value that is allowed elsewhere, but not in combination with the other parts here. */
  #byOtherValue(element: XmlElement): SchemaFault | undefined {
    for (const part of this.parts.attributes(element)) {
      if (this.parts.hasOddValue(part)) continue;
      const accepted = acceptedValues(part, this.excerpt, this.parts);
      if (accepted) return valueFault(part, accepted);
    }
    return undefined;
  }

  /** An invalid text of an element. */
  #byText(element: XmlElement): SchemaFault | undefined {
    const [part] = this.parts.texts(element);
    if (part === undefined || element.children.length > 0) return undefined;
    const accepted = acceptedTexts(part, this.excerpt, this.parts);
    return accepted && textFault(part, accepted);
  }

  #byAttribute(element: XmlElement): SchemaFault | undefined {
    const nameEnd = element.start + '<'.length + element.tagName.length;
    for (const [name, values] of this.parts.words(element).attributes) {
      if (element.hasAttribute(name)) continue;
      const helps = attributesToTry(name, values).some((attribute) =>
        this.excerpt.accepts([{ start: nameEnd, end: nameEnd, text: ` ${attribute}` }]),
      );
      if (helps) return missingFault(element, `@${name}`);
    }
    return undefined;
  }

  #byChild(element: XmlElement): SchemaFault | undefined {
    const present = new Set([...element.children].map(({ tagName }) => tagName));
    for (const name of this.parts.words(element).children) {
      if (present.has(name)) continue;
      const forms = elementsToTry(name, this.parts.vocabulary);
      const helps = forms.some((form) => this.excerpt.accepts([this.parts.append(element, form)]));
      if (helps) return missingFault(element, name);
    }
    return undefined;
  }

  /** A child that the schema accepts at another place among its siblings. */
  #byOrder(element: XmlElement): SchemaFault | undefined {
    const children = this.parts.children(element).slice(0, MOST_ORDERED);
    const places = [element.openEnd, ...children.map(({ removal }) => removal.end)];
    for (const [index, part] of children.entries()) {
      const { removal } = part;
      const text = this.parts.document.text.slice(removal.start, removal.end);
      const place = places.findIndex(
        (at, before) =>
          before !== index && before !== index + 1 && this.excerpt.accepts([removal, { start: at, end: at, text }]),
      );
      if (place < 0) continue;
      return orderFault(part, children[place - 1]?.child.tagName);
    }
    return undefined;
  }

  /** Two faults in one element: each is refined with the other part removed. */
  #byTwoRemovals(element: XmlElement): SchemaFault[] {
    const all = this.#suspectsBelow(element).slice(0, MOST_PAIRED);
    for (const [index, first] of all.entries()) {
      for (const second of all.slice(index + 1)) {
        // if two overlap, one is inside the other
        const apart = first.removal.end <= second.removal.start || second.removal.end <= first.removal.start;
        if (!apart || !this.excerpt.accepts([first.removal, second.removal])) continue;
        return [this.#without(second).#refined(first), this.#without(first).#refined(second)];
      }
    }
    return [];
  }

  #suspectsBelow(element: XmlElement): Part[] {
    return [...this.#suspects(element), ...[...element.children].flatMap((child) => this.#suspectsBelow(child))];
  }

  #without(part: Part): Search {
    return new Search(this.excerpt.with([part.removal]), this.parts);
  }

  #refined(part: Part): SchemaFault {
    return ('child' in part ? this.faultsOf(part.child)[0] : undefined) ?? this.#faultOf(part);
  }

  #faultOf(part: Part): SchemaFault {
    if ('child' in part) return childFault(part, this.parts);
    if ('text' in part) return textFault(part);
    const accepted = this.parts.isKnown(part) ? acceptedValues(part, this.excerpt, this.parts) : undefined;
    return accepted ? valueFault(part, accepted) : attributeFault(part, this.parts);
  }
}
