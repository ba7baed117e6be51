import type { Edit } from '../../xml/edit.js';
import type { AttributePart, Parts, TextPart } from './parts.js';
import type { Excerpt } from './probe.js';
import type { Vocabulary } from './vocabulary.js';

// tried if a grammar has a pattern instead of values: names, numbers, a path, a unit, addresses
const COMMON_NAMES = ['vda', '0x0001', 'c0ffee00-0000-4000-8000-000000000001'];
const COMMON_VALUES = ['1', '0', '/a', 'KiB', '52:54:00:00:00:01', '10.0.0.1', ...COMMON_NAMES];
const MAX_TRIED_VALUES = 60;
const MAX_TRIED_GRAMMAR_VALUES = 4;

/**
 * The values of the grammar that the schema accepts for an attribute; empty if it also accepts others, so that there
 * must be a pattern; undefined if it accepts none.
 */
export function acceptedValues(
  { owner, attribute }: AttributePart,
  excerpt: Excerpt,
  parts: Parts,
): string[] | undefined {
  const known = parts.words(owner).attributes.get(attribute.name) ?? new Set<string>();
  const { valueStart, valueEnd } = attribute;
  return accepted(known, excerpt, (value) => ({ start: valueStart, end: valueEnd, text: escaped(value) }));
}

/** The same for the text of an element. */
export function acceptedTexts({ owner, removal }: TextPart, excerpt: Excerpt, parts: Parts): string[] | undefined {
  return accepted(parts.words(owner).texts, excerpt, (text) => ({ ...removal, text: escaped(text) }));
}

function accepted(known: ReadonlySet<string>, excerpt: Excerpt, edit: (value: string) => Edit): string[] | undefined {
  const spelled = [...known].slice(0, MAX_TRIED_VALUES).filter((value) => excerpt.accepts([edit(value)]));
  if (COMMON_VALUES.some((value) => !known.has(value) && excerpt.accepts([edit(value)]))) return [];
  return spelled.length > 0 ? spelled : undefined;
}

/** Attributes of this name with various values, one of which the schema may accept. */
export function attributesToTry(name: string, values: ReadonlySet<string>): string[] {
  const common = COMMON_VALUES.filter((value) => !values.has(value));
  return [...[...values].slice(0, MAX_TRIED_GRAMMAR_VALUES), ...common].map((value) => `${name}="${escaped(value)}"`);
}

/** Simple elements of this name, one of which the schema may accept. */
export function elementsToTry(name: string, vocabulary: Vocabulary): string[] {
  const words = vocabulary.get(name);
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

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;');
}
