import type { Datatype } from './datatype.js';
import { bitsOf, type NameClass } from './name-class.js';

/**
 * A RELAX NG pattern, or the rest of one after a part of a document. Equal patterns are one object, so that results can
 * be cached on it.
 */
export class Pattern {
  /** bits of the names of child elements and of attributes that can come next; in `after`, in the element only */
  readonly childNames: number;
  readonly attributeNames: number;
  /** text, data, values or a list can come next */
  readonly hasText: boolean;
  /** it is an interleave, or has one among the parts that can come next */
  readonly hasInterleave: boolean;
  /** cache: states after the start of a child of that name, or after the name of an attribute */
  children: Map<string, Pattern> | undefined = undefined;
  attributes: Map<string, Pattern> | undefined = undefined;
  /** cache: states after short texts or values that many documents have */
  texts: Map<string, Pattern> | undefined = undefined;
  values: Map<string, Pattern> | undefined = undefined;
  /** cache for an element or an attribute: the state after its name */
  opened: Pattern | undefined = undefined;
  /** cache: states after the start tag, strict and lenient */
  closed: Pattern | undefined = undefined;
  closedLeniently: Pattern | undefined = undefined;
  /** cache: the state after the end tag of an element without content */
  emptied: Pattern | undefined = undefined;

  constructor(
    readonly id: number,
    /** it also matches nothing: no child, no text */
    readonly nullable: boolean,
    readonly form: Form,
  ) {
    let [childNames, attributeNames, hasText, hasInterleave] = [0, 0, false, form.kind === 'interleave'];
    for (const part of partsOf(form)) {
      childNames |= part.childNames;
      attributeNames |= part.attributeNames;
      hasText ||= part.hasText;
      hasInterleave ||= part.hasInterleave;
    }
    const { kind } = form;
    if (kind === 'element') childNames = bitsOf(form.names);
    else if (kind === 'attribute') attributeNames = bitsOf(form.names);
    else hasText ||= kind === 'text' || kind === 'data' || kind === 'value' || kind === 'list';
    this.childNames = childNames;
    this.attributeNames = attributeNames;
    this.hasText = hasText;
    this.hasInterleave = hasInterleave;
  }
}

/** The parts that can come next. */
function partsOf(form: Form): readonly Pattern[] {
  switch (form.kind) {
    case 'choice':
    case 'interleave':
      return form.of;
    case 'group':
      return [form.first, form.second];
    case 'after':
      return [form.first];
    case 'oneOrMore':
      return [form.of];
    default:
      return NONE;
  }
}

const NONE: readonly Pattern[] = [];

export type Form =
  | { kind: 'empty' | 'notAllowed' | 'text' }
  | { kind: 'choice' | 'interleave'; of: readonly Pattern[] }
  | { kind: 'group' | 'after'; first: Pattern; second: Pattern }
  | { kind: 'oneOrMore' | 'list'; of: Pattern }
  | { kind: 'data'; type: Datatype; except: Pattern | undefined }
  | { kind: 'value'; type: Datatype; value: string }
  | { kind: 'attribute'; names: NameClass; value: () => Pattern }
  | { kind: 'element'; names: NameClass; content: () => Pattern };

/** Creates patterns, each only once, with the simplifications of RELAX NG 4.21. */
export class Patterns {
  readonly #known = new Map<string, Pattern>();
  #nextId = 0;

  readonly empty = this.#make('empty', true, { kind: 'empty' });
  readonly notAllowed = this.#make('notAllowed', false, { kind: 'notAllowed' });
  readonly text = this.#make('text', true, { kind: 'text' });

  get count(): number {
    return this.#nextId;
  }

  choice(...patterns: readonly Pattern[]): Pattern {
    // usually at most one part is possible
    let only = this.notAllowed;
    let count = 0;
    for (const pattern of patterns) {
      if (pattern === this.notAllowed || pattern === only) continue;
      only = pattern;
      count++;
    }
    if (count < 2) return only;
    const parts = new Set<Pattern>();
    for (const pattern of patterns) {
      if (pattern.form.kind === 'choice') for (const part of pattern.form.of) parts.add(part);
      else if (pattern !== this.notAllowed) parts.add(pattern);
    }
    const of = [...parts];
    if (of.length === 1) return of[0] as Pattern;
    of.sort((a, b) => a.id - b.id);
    return this.#make(
      key('choice', of),
      of.some(({ nullable }) => nullable),
      { kind: 'choice', of },
    );
  }

  /** Its parts, mixed in any order. A part may occur several times. */
  interleave(...patterns: readonly Pattern[]): Pattern {
    const of: Pattern[] = [];
    for (const pattern of patterns) {
      if (pattern === this.notAllowed) return pattern;
      if (pattern.form.kind === 'interleave') of.push(...pattern.form.of);
      else if (pattern !== this.empty) of.push(pattern);
    }
    if (of.length === 0) return this.empty;
    if (of.length === 1) return of[0] as Pattern;
    of.sort((a, b) => a.id - b.id);
    return this.#make(
      key('interleave', of),
      of.every(({ nullable }) => nullable),
      { kind: 'interleave', of },
    );
  }

  group(first: Pattern, second: Pattern): Pattern {
    if (first === this.notAllowed || second === this.empty) return first;
    if (second === this.notAllowed || first === this.empty) return second;
    const nullable = first.nullable && second.nullable;
    return this.#make(`group ${first.id} ${second.id}`, nullable, { kind: 'group', first, second });
  }

  /** `first` is the rest of an element's content, `second` follows the element. */
  after(first: Pattern, second: Pattern): Pattern {
    if (first === this.notAllowed || second === this.notAllowed) return this.notAllowed;
    return this.#make(`after ${first.id} ${second.id}`, false, { kind: 'after', first, second });
  }

  oneOrMore(of: Pattern): Pattern {
    if (of === this.notAllowed || of === this.empty || of.form.kind === 'oneOrMore') return of;
    return this.#make(`oneOrMore ${of.id}`, of.nullable, { kind: 'oneOrMore', of });
  }

  optional(of: Pattern): Pattern {
    return this.choice(of, this.empty);
  }

  list(of: Pattern): Pattern {
    return of === this.notAllowed ? of : this.#make(`list ${of.id}`, false, { kind: 'list', of });
  }

  data(type: Datatype, except: Pattern | undefined): Pattern {
    return this.#make(`data ${type.id} ${except?.id ?? ''}`, false, { kind: 'data', type, except });
  }

  value(type: Datatype, value: string): Pattern {
    const normal = type.normalize(value);
    return this.#make(`value ${type.id} ${normal}`, false, { kind: 'value', type, value: normal });
  }

  /**
   * Elements and attributes are not shared: each place in the grammar gets its own pattern. The value is read when it
   * is first used.
   */
  attribute(names: NameClass, value: () => Pattern): Pattern {
    return this.#add(false, { kind: 'attribute', names, value });
  }

  /** Its content is read when first used. */
  element(names: NameClass, content: () => Pattern): Pattern {
    return this.#add(false, { kind: 'element', names, content });
  }

  #make(text: string, nullable: boolean, form: Form): Pattern {
    const known = this.#known.get(text);
    if (known) return known;
    const made = this.#add(nullable, form);
    this.#known.set(text, made);
    return made;
  }

  #add(nullable: boolean, form: Form): Pattern {
    return new Pattern(this.#nextId++, nullable, form);
  }
}

function key(kind: string, of: readonly Pattern[]): string {
  let text = kind;
  for (const { id } of of) text += ` ${id}`;
  return text;
}
