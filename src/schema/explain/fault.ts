import { invisibleIn, withoutInvisible } from '../../lib/invisible.js';
import { attributeOf } from '../../xml/attributes.js';
import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import type { Values } from './expected.js';
import {
  attributeElsewhere,
  type Elsewhere,
  elementElsewhere,
  foreignNamespace,
  nearestValue,
  similar,
} from './hint.js';
import { type Place, trimmed } from './places.js';
import { conjunction, inShort, shortened, tagIn, withInvisible, written } from './wording.js';

/** A place that does not match the schema, and what would match. Offsets are UTF-16. */
export interface Fault extends Place {
  kind: 'attribute' | 'value' | 'element' | 'text' | 'missing';
  message: string;
  hint?: string;
  /** name of the faulty element, or of the element with the faulty attribute or text */
  element: string;
  parent?: string;
  /** name of the attribute whose value is not allowed */
  attribute?: string;
  /** the attributes that are missing */
  lacks?: readonly string[];
  /** equal for children that are not allowed for the same reason */
  cause?: string;
  /** a name that the schema does not know here, and that resembles no known one: `format= on <loader>` */
  unknown?: string;
  /** a value that is in no list of the schema, and resembles none there */
  isUnknownValue?: true;
}

/** An attribute whose value forbids the part. */
export interface Cause {
  element: XmlElement;
  attribute: XmlAttribute;
}

const MOST_LISTED = 8;
/** Shorter lists, such as yes and no, do not grow with libvirt's version. */
const FEWEST_OF_A_LIST = 3;
export function attributeFault(
  document: XmlDocument,
  element: XmlElement,
  attribute: XmlAttribute,
  {
    meant,
    because,
    elsewhere,
  }: { meant: string | undefined; because: Cause | undefined; elsewhere: Elsewhere | undefined },
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
    ...(elsewhere ? { hint: attributeElsewhere(attribute, elsewhere) } : {}),
    ...(meant === undefined && !because && !elsewhere ? { unknown: `${name}= on ${tagIn(element)}` } : {}),
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
    attribute: attribute.name,
    ...rangeOf(document, element, attribute),
    ...named(element),
    message: `${written(attribute)}${withInvisible(attribute.value)} is not allowed on <${shortened(element.tagName)}>${because ? ` ${beside(because, element)}` : ''}${expected(values)}`,
    ...(meant === undefined ? nearest(attribute.value, values, write) : { hint: write(meant) }),
    ...(because || meant !== undefined ? {} : unknownValue(attribute.value, values)),
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

/** Reports children that are not allowed for the same reason as one fault, at the first of them. */
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

/** A child that occurs too often: one fault, at the second one. */
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
  /** the element after which the sibling would be in the right place */
  after?: XmlElement;
  beside?: XmlElement;
  because?: Cause | undefined;
  /** it is not allowed anywhere in the parent */
  unknown?: true;
  elsewhere?: Elsewhere | undefined;
}

export function elementFault(element: XmlElement, context: ElementContext): Fault {
  const { parent, allowed, second, before, after, beside: sibling, because, unknown, elsewhere } = context;
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
    if (before && after) return `put <${shortened(before.tagName)}> after <${shortened(after.tagName)}>`;
    if (elsewhere) return elementElsewhere(element, elsewhere);
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
    ...(parent && plain && unknown && near === undefined && !elsewhere
      ? { unknown: `${tag} in ${tagIn(parent)}` }
      : {}),
  };
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
    attribute,
    place,
  }: {
    values: Values | undefined;
    because: Cause | undefined;
    meant: string | undefined;
    /** an attribute that can have the text as its value */
    attribute: string | undefined;
    place: Place;
  },
): Fault {
  const tag = `<${shortened(element.tagName)}>`;
  const reason = because ? ` ${beside(because, element)}` : '';
  const others = element.attributes.length > 0 ? ' …' : '';
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
    ...(attribute === undefined
      ? {}
      : { hint: `<${element.tagName}${others} ${attribute}="${shortened(trimmed(text))}"/>` }),
    ...(meant === undefined ? values && nearest(text, values, (value) => value) : { hint: meant }),
    ...(because || meant !== undefined || values === undefined ? {} : unknownValue(text, values)),
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

function expected({ spelled, types, any }: Values): string {
  if (any) return '';
  // by code units: Intl.Collator takes 7 ms when it is first made
  const sorted = [...spelled].sort();
  const list = [...sorted.slice(0, MOST_LISTED).map(shortened), ...types.slice(0, 2)];
  if (list.length === 0) return '';
  return `; allowed: ${list.join(', ')}${spelled.length > MOST_LISTED ? ', ...' : ''}`;
}

function unknownValue(text: string, { spelled, types, any }: Values): { isUnknownValue?: true } {
  const isList = spelled.length >= FEWEST_OF_A_LIST && types.length === 0 && !any;
  const isWord = /^[\w.+-]+$/.test(text.trim());
  return isList && isWord && similar(text.trim(), spelled) === undefined ? { isUnknownValue: true } : {};
}

function nearest(text: string, { spelled }: Values, write: (value: string) => string): { hint?: string } {
  const near = nearestValue(text.trim(), spelled);
  return near === undefined ? {} : { hint: write(near) };
}
