import { collapse } from './datatype.js';
import { containsName } from './name-class.js';
import type { Name } from './names.js';
import type { Form, Pattern, Patterns } from './pattern.js';

/**
 * Derivatives of patterns: the rest of a pattern after a part of a document (James Clark: An algorithm for RELAX NG
 * validation). States of an open document are `after` patterns: the rest of the innermost element's content, then what
 * follows it.
 */
export class Derivative {
  /** a value or text was found for which libxml2 may give another verdict */
  hasDoubt = false;
  /** such a text was a number */
  hasDoubtfulNumber = false;

  constructor(private readonly patterns: Patterns) {}

  /** After `<name`: attributes and content, then what follows the element. `notAllowed` if no such child is allowed. */
  child(state: Pattern, name: Name): Pattern {
    if ((state.childNames & name.bit) === 0) return this.patterns.notAllowed;
    const { form } = state;
    switch (form.kind) {
      case 'element':
        if (!containsName(form.names, name.ns, name.local)) return this.patterns.notAllowed;
        state.opened ??= this.patterns.after(form.content(), this.patterns.empty);
        return state.opened;
      case 'choice':
      case 'interleave':
      case 'group':
      case 'oneOrMore':
      case 'after': {
        const known = state.children?.get(name.key);
        if (known) return known;
        const derived = this.#child(state, name);
        state.children ??= new Map();
        remember(state.children, name.key, derived);
        return derived;
      }
      default:
        return this.patterns.notAllowed;
    }
  }

  #child(state: Pattern, name: Name): Pattern {
    const { patterns } = this;
    const { form } = state;
    switch (form.kind) {
      case 'choice':
        return patterns.choice(...form.of.map((each) => this.child(each, name)));
      case 'interleave':
        return this.#amongParts(
          form.of,
          form.of.map((part) => this.child(part, name)),
        );
      case 'group': {
        const inFirst = this.#then(this.child(form.first, name), (rest) => patterns.group(rest, form.second));
        return form.first.nullable ? patterns.choice(inFirst, this.child(form.second, name)) : inFirst;
      }
      case 'oneOrMore':
        return this.#then(this.child(form.of, name), (rest) => patterns.group(rest, patterns.optional(state)));
      case 'after':
        return this.#then(this.child(form.first, name), (rest) => patterns.after(rest, form.second));
      default:
        return patterns.notAllowed;
    }
  }

  /** After the name of an attribute: the pattern of its value, then the rest. */
  attribute(state: Pattern, name: Name): Pattern {
    if ((state.attributeNames & name.bit) === 0) return this.patterns.notAllowed;
    const { form } = state;
    switch (form.kind) {
      case 'attribute':
        if (!containsName(form.names, name.ns, name.local)) return this.patterns.notAllowed;
        state.opened ??= this.patterns.after(form.value(), this.patterns.empty);
        return state.opened;
      case 'choice':
      case 'interleave':
      case 'group':
      case 'oneOrMore':
      case 'after': {
        const known = state.attributes?.get(name.key);
        if (known) return known;
        const derived = this.#attribute(state, name);
        state.attributes ??= new Map();
        remember(state.attributes, name.key, derived);
        return derived;
      }
      default:
        return this.patterns.notAllowed;
    }
  }

  #attribute(state: Pattern, name: Name): Pattern {
    const { patterns } = this;
    const { form } = state;
    switch (form.kind) {
      case 'choice':
        return patterns.choice(...form.of.map((each) => this.attribute(each, name)));
      case 'interleave':
        return this.#amongParts(
          form.of,
          form.of.map((part) => this.attribute(part, name)),
        );
      case 'group': {
        const inFirst = this.#then(this.attribute(form.first, name), (rest) => patterns.group(rest, form.second));
        const inSecond = this.#then(this.attribute(form.second, name), (rest) => patterns.group(form.first, rest));
        return patterns.choice(inFirst, inSecond);
      }
      case 'oneOrMore':
        return this.#then(this.attribute(form.of, name), (rest) => patterns.group(rest, patterns.optional(state)));
      case 'after':
        return this.#then(this.attribute(form.first, name), (rest) => patterns.after(rest, form.second));
      default:
        return patterns.notAllowed;
    }
  }

  /** The rest after an attribute with a value; with `any`, with any value. */
  value(named: Pattern, value: string, any = false): Pattern {
    if (any) return this.#value(named, value, any);
    const known = named.values?.get(value);
    if (known !== undefined) return known;
    named.values ??= new Map();
    return this.#remembered(named.values, value, () => this.#value(named, value, any));
  }

  #value(named: Pattern, value: string, any: boolean): Pattern {
    const { form } = named;
    if (form.kind === 'choice') return this.patterns.choice(...form.of.map((each) => this.#value(each, value, any)));
    if (form.kind !== 'after') return this.patterns.notAllowed;
    return any || this.matchesText(form.first, value) ? form.second : this.patterns.notAllowed;
  }

  /** True if the pattern matches the value of an attribute, or the whole text of an element. */
  matchesText(pattern: Pattern, text: string): boolean {
    return (pattern.nullable && collapse(text) === '') || this.text(pattern, text).nullable;
  }

  /** After the start tag; `lenient`: attributes may be missing. */
  closeTag(state: Pattern, lenient = false): Pattern {
    if (state.attributeNames === 0) return state;
    const known = lenient ? state.closedLeniently : state.closed;
    if (known) return known;
    const { form } = state;
    const closed =
      form.kind === 'attribute'
        ? this.patterns[lenient ? 'empty' : 'notAllowed']
        : this.#rebuilt(state, (part) => this.closeTag(part, lenient));
    if (lenient) state.closedLeniently = closed;
    else state.closed = closed;
    return closed;
  }

  /** After a text. `any`: any text of an element. */
  text(state: Pattern, text: string, any = false): Pattern {
    if (!state.hasText) return this.patterns.notAllowed;
    if (any || state.form.kind !== 'after') return this.#text(state, text, any);
    const known = state.texts?.get(text);
    if (known !== undefined) return known;
    state.texts ??= new Map();
    return this.#remembered(state.texts, text, () => this.#text(state, text, any));
  }

  /** A doubtful result is not remembered, since each document that has it must be noted as doubtful. */
  #remembered(memory: Map<string, Pattern>, text: string, derive: () => Pattern): Pattern {
    const before = this.hasDoubt;
    this.hasDoubt = false;
    const derived = derive();
    if (!this.hasDoubt) rememberText(memory, text, derived);
    this.hasDoubt ||= before;
    return derived;
  }

  #text(state: Pattern, text: string, any: boolean): Pattern {
    const { patterns } = this;
    const { form } = state;
    const allowed = (is: boolean) => (is ? patterns.empty : patterns.notAllowed);
    switch (form.kind) {
      case 'text':
        return state;
      case 'value':
        if (any || text === form.value) return patterns.empty;
        this.hasDoubt ||= collapse(text) !== text;
        return allowed(form.type.normalize(text) === form.value);
      case 'data':
        if (form.except !== undefined || form.type.isDoubtful(text)) {
          this.hasDoubt = true;
          this.hasDoubtfulNumber ||= form.type.isInteger;
        }
        return allowed(any || (form.type.allows(text) && !(form.except && this.matchesText(form.except, text))));
      case 'list':
        this.hasDoubt = true;
        return allowed(any || this.#matchesList(form.of, text));
      case 'choice':
        return patterns.choice(...form.of.map((each) => this.text(each, text, any)));
      case 'interleave': {
        const derived = form.of.map((part, index) => {
          const rest = this.text(part, text, any);
          return rest === patterns.notAllowed ? rest : patterns.interleave(rest, ...without(form.of, index));
        });
        return patterns.choice(...derived);
      }
      case 'group': {
        const inFirst = patterns.group(this.text(form.first, text, any), form.second);
        return form.first.nullable ? patterns.choice(inFirst, this.text(form.second, text, any)) : inFirst;
      }
      case 'oneOrMore':
        return patterns.group(this.text(form.of, text, any), patterns.optional(state));
      case 'after':
        return patterns.after(this.text(form.first, text, any), form.second);
      default:
        return patterns.notAllowed;
    }
  }

  /** After the end tag; `lenient`: content may be missing. */
  endTag(state: Pattern, lenient = false): Pattern {
    const { form } = state;
    if (form.kind === 'after') return lenient || form.first.nullable ? form.second : this.patterns.notAllowed;
    if (form.kind !== 'choice') return this.patterns.notAllowed;
    return this.patterns.choice(...form.of.map((each) => this.endTag(each, lenient)));
  }

  /** After the text and the end tag of an element without children. */
  textAndEnd(state: Pattern, text: string): Pattern {
    if (text === '' && state.emptied !== undefined) return state.emptied;
    const before = this.hasDoubt;
    this.hasDoubt = false;
    const next = this.text(state, text);
    const ended = this.endTag(isSpace(text) ? this.patterns.choice(state, next) : next);
    if (text === '' && !this.hasDoubt) state.emptied = ended;
    this.hasDoubt ||= before;
    return ended;
  }

  /**
   * All possible contents, then everything that may follow. After a fault their combination is unknown, and nested
   * alternatives would multiply.
   */
  merged(state: Pattern): Pattern {
    const open = alternatives(state).flatMap(({ form }) => (form.kind === 'after' ? form : []));
    if (open.length === 0) return state;
    const following = this.merged(this.patterns.choice(...open.map(({ second }) => second)));
    return this.patterns.after(this.patterns.choice(...open.map(({ first }) => first)), following);
  }

  #matchesList(of: Pattern, text: string): boolean {
    const words = collapse(text).split(' ').filter(Boolean);
    let rest = of;
    for (const word of words) rest = this.text(rest, word);
    return rest.nullable;
  }

  /**
   * In an interleave one part takes the next piece; the other parts remain.
   * @param taken the state of each part if it takes the piece
   */
  #amongParts(parts: readonly Pattern[], taken: readonly Pattern[]): Pattern {
    const { patterns } = this;
    const derived: Pattern[] = [];
    for (const [index, state] of taken.entries()) {
      if (state === patterns.notAllowed) continue;
      const others = without(parts, index);
      derived.push(this.#then(state, (rest) => patterns.interleave(rest, ...others)));
    }
    return patterns.choice(...derived);
  }

  /** The same `after` patterns with another continuation. */
  #then(state: Pattern, follow: (second: Pattern) => Pattern): Pattern {
    const { patterns } = this;
    const { form } = state;
    if (form.kind === 'after') return patterns.after(form.first, follow(form.second));
    if (form.kind !== 'choice') return patterns.notAllowed;
    return patterns.choice(...form.of.map((each) => this.#then(each, follow)));
  }

  #rebuilt(pattern: Pattern, change: (part: Pattern) => Pattern): Pattern {
    const { patterns } = this;
    const form: Form = pattern.form;
    switch (form.kind) {
      case 'choice':
        return patterns.choice(...form.of.map(change));
      case 'interleave':
        return patterns.interleave(...form.of.map(change));
      case 'group':
        return patterns.group(change(form.first), change(form.second));
      case 'oneOrMore':
        return patterns.oneOrMore(change(form.of));
      case 'after':
        // the part after the element is not affected by its start tag
        return patterns.after(change(form.first), form.second);
      default:
        return pattern;
    }
  }
}

/**
 * Longer texts are not cached: types, models and other words occur in many documents; names, addresses and paths do
 * not.
 */
const LONGEST_TEXT = 40;
const MOST_TEXTS = 50;
/**
 * Limit of the cache: a document may have a hundred thousand names that no schema knows. libvirt's schema has fewer
 * than a thousand.
 */
const MOST_NAMES = 1000;

function rememberText(known: Map<string, Pattern>, text: string, derived: Pattern): void {
  if (text.length <= LONGEST_TEXT && known.size < MOST_TEXTS) known.set(text, derived);
}

function remember(known: Map<string, Pattern>, name: string, derived: Pattern): void {
  if (known.size < MOST_NAMES) known.set(name, derived);
}

/** XML's white space only. Between elements it is ignored, also in a CDATA section. */
export const isSpace = (text: string) => text === '' || /^[ \t\r\n]*$/.test(text);

export function alternatives(pattern: Pattern): readonly Pattern[] {
  return pattern.form.kind === 'choice' ? pattern.form.of : [pattern];
}

function without(parts: readonly Pattern[], index: number): Pattern[] {
  return parts.filter((_, each) => each !== index);
}
