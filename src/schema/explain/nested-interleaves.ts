import type { XmlElement } from '../../xml/element.js';
import { spelledNames } from './name-class.js';
import type { Pattern } from './pattern.js';

/** Whether a pattern allows a child, or an attribute, of this name. */
type IsAllowed = (name: string) => boolean;

/** An interleave inside another one, by the names of its children, and the other parts of the outer one. */
interface Nested {
  inner: IsAllowed;
  /** attributes that form a group with the inner interleave: those inside of an interleave do no harm */
  attributes: IsAllowed;
  others: readonly IsAllowed[];
}

/** An order that libxml2 wrongly rejects needs two children of the inner interleave and one of another part. */
const FEWEST_CHILDREN = 3;
/** Limits of the cache, in characters and entries. */
const LONGEST_ORDER = 1000;
const MOST_ORDERS = 1000;

/**
 * Interleaves that are parts of others, by the element that contains them. libxml2 first links the children of each
 * part. After it has validated an inner interleave, it links all children from the first to the last of that interleave
 * in document order, including those of other parts. It then finds children of one part in another, and rejects an
 * order that RELAX NG allows, such as `<uuid>` apart from `<name>` (xmlRelaxNGValidateInterleave of 2.9 to 2.15). One
 * child of another part is enough if the inner interleave is in a group with an attribute that is there, such as `id`
 * of a running domain.
 */
export class NestedInterleaves {
  /** the parts of an interleave as in the grammar, including inner ones */
  readonly #parts = new Map<Pattern, (readonly Pattern[])[]>();
  /** possible contents of elements, by element name */
  readonly #contents = new Map<string, Pattern[]>();
  /** nested interleaves of an element, computed on demand for this number of contents */
  readonly #nested = new Map<string, { contents: number; nested: readonly Nested[] }>();
  readonly #childNames = new NamesInPatterns('element');
  readonly #attributeNames = new NamesInPatterns('attribute');
  /** verdicts by element and order of its children: most documents have one of a few orders */
  readonly #orders = new Map<string, boolean>();

  addInterleave(whole: Pattern, parts: readonly Pattern[]): void {
    const known = this.#parts.get(whole);
    if (known) known.push(parts);
    else this.#parts.set(whole, [parts]);
  }

  addElement(names: readonly string[], content: Pattern): void {
    this.#orders.clear();
    for (const name of names) {
      const known = this.#contents.get(name);
      if (known) known.push(content);
      else this.#contents.set(name, [content]);
    }
  }

  /** True if libxml2 may reject the order of an element's children because of nested interleaves. */
  mayDisturb({ localName, content, attributes }: XmlElement): boolean {
    if (content.length < FEWEST_CHILDREN) return false;
    const nested = this.#nestedOf(localName);
    if (nested.length === 0) return false;
    let order = localName;
    for (const { name } of attributes) order += ` @${name}`;
    for (const part of content) if (typeof part !== 'string') order += ` ${part.localName}`;
    const known = this.#orders.get(order);
    if (known !== undefined) return known;
    const names = order.split(' ').slice(1 + attributes.length);
    const found = nested.some((each) => {
      const hasAttribute = attributes.some(({ name }) => each.attributes(name));
      return isDisturbed(names, each, hasAttribute);
    });
    if (order.length <= LONGEST_ORDER && this.#orders.size < MOST_ORDERS) this.#orders.set(order, found);
    return found;
  }

  #nestedOf(name: string): readonly Nested[] {
    const contents = this.#contents.get(name) ?? [];
    const known = this.#nested.get(name);
    if (known?.contents === contents.length) return known.nested;
    const outer = new Set(contents.flatMap((content) => [...this.#interleavesIn(content)]));
    const nested = [...outer].flatMap((each) => this.#nestedIn(each));
    this.#nested.set(name, { contents: contents.length, nested });
    return nested;
  }

  #nestedIn(outer: Pattern): Nested[] {
    return (this.#parts.get(outer) ?? []).flatMap((parts) =>
      parts.flatMap((part) => {
        const inner = [...this.#interleavesIn(part)].filter((each) => each !== outer);
        if (inner.length === 0) return [];
        const others = parts.filter((each) => each !== part).map((each) => this.#childNames.isIn(each));
        const attributes = part.form.kind === 'group' ? this.#attributeNames.isIn(part) : () => false;
        return inner.map((each) => ({ inner: this.#childNames.isIn(each), attributes, others }));
      }),
    );
  }

  /** All interleaves in a pattern, nested ones too. */
  #interleavesIn(pattern: Pattern, found = new Set<Pattern>()): Set<Pattern> {
    if (!pattern.hasInterleave) return found;
    const { form } = pattern;
    if (form.kind === 'interleave') {
      if (found.has(pattern)) return found;
      found.add(pattern);
      for (const part of this.#parts.get(pattern)?.flat() ?? []) this.#interleavesIn(part, found);
    }
    if (form.kind === 'interleave' || form.kind === 'choice') {
      for (const part of form.of) this.#interleavesIn(part, found);
    } else if (form.kind === 'group') {
      this.#interleavesIn(form.first, found);
      this.#interleavesIn(form.second, found);
    } else if (form.kind === 'oneOrMore') this.#interleavesIn(form.of, found);
    return found;
  }
}

function isDisturbed(names: readonly string[], { inner, others }: Nested, hasAttribute: boolean): boolean {
  const first = names.findIndex(inner);
  if (first < 0) return false;
  const last = names.length - 1 - [...names].reverse().findIndex(inner);
  if (first === last) return false;
  if (hasAttribute && names.slice(first, last).some((name) => !inner(name))) return true;
  return others.some((other) => isApart(names, other, first, last));
}

/** True if, from the first to the last child, another child is between two children of a part. */
function isApart(names: readonly string[], part: IsAllowed, first: number, last: number): boolean {
  let previous = -1;
  for (let index = first; index < names.length; index++) {
    if (!part(names[index] as string)) continue;
    if (previous >= 0 && previous < last && previous !== index - 1) return true;
    previous = index;
  }
  return false;
}

/** The names in patterns, collected when they are first asked for: a part of `<interface>` may have hundreds. */
class NamesInPatterns {
  readonly #known = new Map<Pattern, ReadonlySet<string>>();

  constructor(private readonly kind: 'element' | 'attribute') {}

  isIn(pattern: Pattern): IsAllowed {
    return (name) => {
      let names = this.#known.get(pattern);
      if (names === undefined) {
        names = collectNames(pattern, this.kind, new Set());
        this.#known.set(pattern, names);
      }
      return names.has(name) || names.has(ANY_NAME);
    };
  }
}

/** In a set of names: there is a wildcard. */
const ANY_NAME = '*';

function collectNames({ form }: Pattern, kind: 'element' | 'attribute', found: Set<string>): Set<string> {
  if (form.kind === 'choice' || form.kind === 'interleave') for (const part of form.of) collectNames(part, kind, found);
  else if (form.kind === 'oneOrMore') collectNames(form.of, kind, found);
  else if (form.kind === 'group') {
    collectNames(form.first, kind, found);
    collectNames(form.second, kind, found);
  } else if (form.kind === kind) {
    const spelled = spelledNames(form.names);
    for (const name of spelled.length === 0 ? [ANY_NAME] : spelled) found.add(name);
  }
  return found;
}
