import { codePoint, invisibleIn, withoutInvisible } from '../../lib/invisible.js';
import { attributeOf } from '../../xml/attributes.js';
import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import { libvirtNamespace } from '../../xml/namespaces.js';
import type { Values } from './expected.js';
import { type Place, trimmed } from './places.js';

/** What does not match the schema, where, and what would match. Offsets are UTF-16. */
export interface Fault extends Place {
  kind: 'attribute' | 'value' | 'element' | 'text' | 'missing';
  message: string;
  hint?: string;
  /** the name of the faulty element, or of the one that has the faulty attribute or text */
  element: string;
  parent?: string;
  /** the attributes that are missing */
  lacks?: readonly string[];
  /** equal for children that are not allowed for one reason */
  cause?: string;
  /** a name that the schema does not know there and that resembles none that it does: `format= on <loader>` */
  unknown?: string;
}

/** An attribute whose value decides that the rest is not allowed. */
export interface Cause {
  element: XmlElement;
  attribute: XmlAttribute;
}

const INVISIBLE = /(?! )[\p{Z}\p{Cf}]/gu;
const MOST_LISTED = 8;
const MOST_SHOWN = 60;

export function attributeFault(
  document: XmlDocument,
  element: XmlElement,
  attribute: XmlAttribute,
  { meant, because }: { meant: string | undefined; because: Cause | undefined },
): Fault {
  const name = shortened(attribute.name);
  return {
    kind: 'attribute',
    ...rangeOf(document, element, attribute),
    ...named(element),
    message: because
      ? `attribute ${name} is not allowed on <${shortened(element.tagName)}> ${beside(because, element)}`
      : `attribute ${name} is not allowed on <${shortened(element.tagName)}>`,
    ...(meant === undefined ? {} : { hint: written({ ...attribute, name: meant }) }),
    ...(meant === undefined && !because ? { unknown: `${name}= on ${tagIn(element)}` } : {}),
  };
}

export function valueFault(
  document: XmlDocument,
  element: XmlElement,
  attribute: XmlAttribute,
  { values, because, meant }: { values: Values; because: Cause | undefined; meant: string | undefined },
): Fault {
  const write = (value: string) => written({ ...attribute, value });
  return {
    kind: 'value',
    ...rangeOf(document, element, attribute),
    ...named(element),
    message: `${written(attribute)}${withInvisible(attribute.value)} is not allowed on <${shortened(element.tagName)}>${because ? ` ${beside(because, element)}` : ''}${expected(values)}`,
    ...(meant === undefined ? nearest(attribute.value, values, write) : { hint: write(meant) }),
  };
}

export function clashFault(
  document: XmlDocument,
  element: XmlElement,
  attribute: XmlAttribute,
  { other, values }: { other: XmlAttribute | undefined; values: readonly string[] },
): Fault {
  const reason = other ? ` beside ${written(other)}` : ' beside the other attributes';
  return {
    kind: 'attribute',
    ...rangeOf(document, element, attribute),
    ...named(element),
    message: `${written(attribute)} is not allowed on <${shortened(element.tagName)}>${reason}${expected({ spelled: [...values], types: [], any: false })}`,
  };
}

/** Children that are not allowed for one reason are one fault, at the first of them. */
export function withoutRepeatedCauses(faults: readonly Fault[]): Fault[] {
  const first = new Map<string, { fault: Fault; tags: string[] }>();
  const kept: Fault[] = [];
  for (const fault of faults) {
    const known = fault.cause === undefined ? undefined : first.get(fault.cause);
    if (known) known.tags.push(`<${fault.element}>`);
    else {
      kept.push(fault);
      if (fault.cause !== undefined) first.set(fault.cause, { fault, tags: [`<${fault.element}>`] });
    }
  }
  for (const { fault, tags } of first.values()) {
    if (tags.length === 1) continue;
    const shown = tags.length > 3 ? [...tags.slice(0, 2), `${tags.length - 2} more`] : tags;
    fault.message = fault.message.replace(`${tags[0]} is not`, `${conjunction(shown, 'and')} are not`);
  }
  return kept;
}

/** A child that is there too often: one fault, at the second of them. */
export class RepeatedFault {
  #count = 2;
  readonly #message: string;

  constructor(private readonly fault: Fault) {
    this.#message = fault.message;
  }

  add(): void {
    this.#count++;
    this.fault.message = `${this.#message}: there are ${this.#count}`;
  }
}

export interface ElementContext {
  parent?: XmlElement;
  allowed: readonly string[];
  second?: true;
  before?: XmlElement;
  beside?: XmlElement;
  because?: Cause | undefined;
  /** it is allowed nowhere in the parent */
  unknown?: true;
}

export function elementFault(element: XmlElement, context: ElementContext): Fault {
  const { parent, allowed, second, before, beside: sibling, because, unknown } = context;
  const tag = `<${shortened(element.tagName)}>`;
  const where = parent ? ` in <${shortened(parent.tagName)}>` : '';
  const ns = element.namespaceURI === null ? undefined : foreignNamespace(element);
  const near = element.namespaceURI === null ? similar(element.tagName, allowed) : undefined;
  const message = () => {
    if (parent && ns !== undefined) return `${tag} is in a namespace that libvirt does not know`;
    if (!parent) {
      return element.tagName === 'domain' && element.namespaceURI
        ? '<domain> must be in no namespace'
        : `expected ${allowed.map((name) => `<${name}>`).join(' or ')}, found ${tag}`;
    }
    if (second) return `a second ${tag} is not allowed${where}`;
    if (before) return `${tag} must come before <${shortened(before.tagName)}>${where}`;
    if (sibling) return `${tag} is not allowed${where} beside ${inShort(sibling)}`;
    return because ? `${tag} is not allowed${where} ${beside(because, parent)}` : `${tag} is not allowed${where}`;
  };
  const plain = parent && !second && !before && !sibling && !because && ns === undefined;
  const hint = () => {
    if (parent && ns !== undefined) return ns;
    if (second) return `keep one ${tag}`;
    if (before) return `put ${tag} before <${shortened(before.tagName)}>`;
    return plain && near !== undefined ? `<${near}>` : undefined;
  };
  const tried = hint();
  return {
    kind: 'element',
    start: element.start,
    end: element.openEnd,
    ...named(element),
    message: message(),
    ...(because ? { cause: `${parent?.start} ${because.element.start} ${because.attribute.end}` } : {}),
    ...(tried === undefined ? {} : { hint: tried }),
    ...(parent && plain && unknown && near === undefined ? { unknown: `${tag} in ${tagIn(parent)}` } : {}),
  };
}

/** `<loader>`; `<source> in <disk>` for a part of a device, because devices have parts of the same name. */
function tagIn({ tagName, parent }: XmlElement): string {
  const tag = `<${shortened(tagName)}>`;
  return parent?.parent?.tagName === 'devices' ? `${tag} in <${shortened(parent.tagName)}>` : tag;
}

/** The declaration that a known prefix of libvirt's should have. */
function foreignNamespace({ tagName, namespaceURI }: XmlElement): string | undefined {
  const prefix = /^([^:]*):/.exec(tagName)?.[1] ?? '';
  const expected = libvirtNamespace(prefix);
  return expected === undefined || expected === namespaceURI ? undefined : `xmlns:${prefix}='${expected}'`;
}

export function missingFault(
  element: XmlElement,
  {
    all,
    oneOf,
    what,
    because,
    hint,
  }: {
    all: readonly string[];
    oneOf: readonly string[];
    what: 'attribute' | 'element';
    because: Cause | undefined;
    hint?: string | undefined;
  },
): Fault {
  const form = (name: string) => (what === 'attribute' ? name : `<${name}>`);
  const plural = all.length > 1 ? 's' : '';
  const attribute = what === 'attribute' ? `the attribute${plural} ` : '';
  const list =
    all.length > 0
      ? `${attribute}${conjunction(all.map(form), 'and')}`
      : oneOf.length > 0
        ? `${attribute}${conjunction(oneOf.slice(0, MOST_LISTED).map(form), 'or')}`
        : 'something that the schema requires';
  const own = because?.element === element;
  const tag = own ? `<${shortened(element.tagName)} ${written(because.attribute)}>` : `<${shortened(element.tagName)}>`;
  const reason = because && !own ? `, which is required ${beside(because, element)}` : '';
  return {
    kind: 'missing',
    start: element.start,
    end: element.openEnd,
    ...named(element),
    message: `${tag} lacks ${list}${reason}`,
    ...(hint === undefined ? {} : { hint }),
    ...(what === 'attribute' ? { lacks: [...all, ...oneOf] } : {}),
  };
}

export function textFault(
  element: XmlElement,
  text: string,
  {
    values,
    because,
    meant,
    place,
  }: { values: Values | undefined; because: Cause | undefined; meant: string | undefined; place: Place },
): Fault {
  const tag = `<${shortened(element.tagName)}>`;
  const reason = because ? ` ${beside(because, element)}` : '';
  const invisible = withoutInvisible(text).trim() === '' ? invisibleIn(text) : undefined;
  const message = () => {
    if (invisible !== undefined && values === undefined)
      return `${invisible} is not allowed in ${tag}: it is text${reason}`;
    if (values === undefined)
      return `text "${shortened(trimmed(text))}"${withInvisible(text)} is not allowed in ${tag}${reason}`;
    if (trimmed(text) === '') return `${tag} is empty${expected(values)}`;
    return `"${shortened(text)}"${withInvisible(text)} is not allowed as the content of ${tag}${reason}${expected(values)}`;
  };
  return {
    kind: 'text',
    ...place,
    ...named(element),
    message: message(),
    ...(invisible !== undefined ? { hint: /\p{Z}/u.test(trimmed(text)) ? 'write ordinary spaces' : 'remove it' } : {}),
    ...(meant === undefined ? values && nearest(text, values, (value) => value) : { hint: meant }),
  };
}

function named({ tagName, parent }: XmlElement): { element: string; parent?: string } {
  return parent ? { element: tagName, parent: parent.tagName } : { element: tagName };
}

function rangeOf(document: XmlDocument, element: XmlElement, attribute: XmlAttribute): Place {
  const range = attributeOf(document, element, attribute.name);
  return { start: range?.start ?? element.start, end: range?.end ?? element.openEnd };
}

function beside({ element, attribute }: Cause, at: XmlElement): string {
  if (element === at) return `beside ${written(attribute)}`;
  return `inside <${shortened(element.tagName)} ${written(attribute)}>`;
}

const written = ({ name, value }: XmlAttribute) => `${shortened(name)}="${shortened(value)}"`;

function expected({ spelled, types, any }: Values): string {
  if (any) return '';
  const sorted = [...spelled].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const list = [...sorted.slice(0, MOST_LISTED).map(shortened), ...types.slice(0, 2)];
  if (list.length === 0) return '';
  return `; allowed: ${list.join(', ')}${spelled.length > MOST_LISTED ? ', ...' : ''}`;
}

function nearest(text: string, { spelled }: Values, write: (value: string) => string): { hint?: string } {
  const near = similar(text.trim(), spelled);
  return near === undefined ? {} : { hint: write(near) };
}

/** `<type>xen</type>`, or the start of its tag. */
function inShort({ tagName, children, textContent }: XmlElement): string {
  const tag = shortened(tagName);
  const text = textContent.trim();
  return children.length === 0 && text !== '' && text.length < 20 ? `<${tag}>${text}</${tag}>` : `<${tag}>`;
}

function conjunction(names: readonly string[], word: 'and' | 'or'): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** In one line. Characters that look like a space, or like nothing, have their number. */
function shortened(value: string): string {
  const line = value.replace(/[ \t\r\n]+/g, ' ').replace(INVISIBLE, (character) => `[${codePoint(character)}]`);
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
}

function withInvisible(value: string): string {
  const invisible = invisibleIn(value);
  return invisible === undefined ? '' : ` with ${invisible}`;
}

/** A value without special spaces, and without white space around it, if it is allowed. */
export function tidied(value: string, isAllowed: (value: string) => boolean): string | undefined {
  const tidy = withoutInvisible(value).trim();
  return tidy !== value && tidy !== '' && isAllowed(tidy) ? tidy : undefined;
}

/** The name that was probably meant: at most a third of its characters differ, or one is the start of the other. */
export function similar(name: string, names: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  let best: string | undefined;
  let distance = Math.floor(Math.max(name.length, 3) / 3) + 1;
  for (const each of names) {
    if (
      best === undefined &&
      Math.min(each.length, name.length) >= 3 &&
      (each.startsWith(name) || name.startsWith(each))
    )
      best = each;
    if (Math.abs(each.length - name.length) >= distance) continue;
    const difference = editDistance(name.toLowerCase(), each.toLowerCase());
    if (difference < distance) [best, distance] = [each, difference];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
