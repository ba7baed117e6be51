import type { Grammar } from '../grammar.js';
import { makeDatatype, valueDatatype } from './datatype.js';
import type { Parameter } from './datatype-names.js';
import { type Definitions, readDefinitions } from './grammar-files.js';
import type { GrammarElement } from './grammar-xml.js';
import { type NameClass, spelledNames } from './name-class.js';
import type { NestedInterleaves } from './nested-interleaves.js';
import type { Pattern, Patterns } from './pattern.js';

/**
 * The pattern of a grammar's documents. The content of an element and the value of an attribute
 * are read when a document has them.
 * @param nested receives the nested interleaves of these elements
 * @throws Error for an unsupported feature
 */
export function readGrammar(grammar: Grammar, patterns: Patterns, nested: NestedInterleaves): Pattern {
  return new Reader(readDefinitions(grammar), patterns, nested).definition('');
}

class Reader {
  readonly #read = new Map<string, Pattern | undefined>();

  constructor(
    private readonly definitions: Definitions,
    private readonly patterns: Patterns,
    private readonly nested: NestedInterleaves,
  ) {}

  definition(name: string): Pattern {
    const known = this.#read.get(name);
    if (known) return known;
    const parts = this.definitions.get(name);
    if (parts === undefined) throw new Error(`no definition of ${name || 'start'}`);
    // the content of an element is read later, so only a definition that contains itself gets here
    if (this.#read.has(name)) throw new Error(`${name} refers to itself`);
    this.#read.set(name, undefined);
    const interleaved = parts.some(({ combine }) => combine === 'interleave');
    const each = parts.map(({ element }) => this.#all(element, name));
    const pattern = interleaved ? this.#interleave(each) : this.patterns.choice(...each);
    this.#read.set(name, pattern);
    return pattern;
  }

  /** The children of an element as a group. `label` is the name of the definition that contains them all. */
  #all(parent: GrammarElement, label = ''): Pattern {
    const children = parent.children;
    const only = children.length === 1 ? label : '';
    return children.reduce((all, child) => this.patterns.group(all, this.#pattern(child, only)), this.patterns.empty);
  }

  #pattern(element: GrammarElement, label: string): Pattern {
    const { patterns } = this;
    switch (element.name) {
      case 'empty':
        return patterns.empty;
      case 'notAllowed':
        return patterns.notAllowed;
      case 'text':
        return patterns.text;
      case 'ref':
        return this.definition((element.attribute('name') ?? '').trim());
      case 'group':
        return this.#all(element, label);
      case 'interleave':
        return this.#interleave(element.children.map((child) => this.#pattern(child, '')));
      case 'mixed':
        return this.#interleave([patterns.text, this.#all(element)]);
      case 'choice':
        return patterns.choice(...element.children.map((child) => this.#pattern(child, label)));
      case 'optional':
        return patterns.optional(this.#all(element));
      case 'oneOrMore':
        return patterns.oneOrMore(this.#all(element));
      case 'zeroOrMore':
        return patterns.optional(patterns.oneOrMore(this.#all(element)));
      case 'list':
        return patterns.list(this.#all(element));
      case 'value':
        return patterns.value(valueDatatype(element.attribute('type') ?? 'token'), element.text);
      case 'data':
        return this.#data(element, label);
      case 'attribute':
        return this.#attribute(element);
      case 'element':
        return this.#element(element);
      default:
        throw new Error(`<${element.name}> in a grammar`);
    }
  }

  #interleave(parts: readonly Pattern[]): Pattern {
    const whole = this.patterns.interleave(...parts);
    this.nested.addInterleave(whole, parts);
    return whole;
  }

  #data(element: GrammarElement, label: string): Pattern {
    const children = element.children;
    const parameters = children
      .filter(({ name }) => name === 'param')
      .map((each): Parameter => ({ name: each.attribute('name') ?? '', value: each.text }));
    const except = children.find(({ name }) => name === 'except');
    const excluded = except && this.patterns.choice(...except.children.map((each) => this.#pattern(each, '')));
    const type = makeDatatype((element.attribute('type') ?? '').trim(), parameters, label);
    return this.patterns.data(type, excluded);
  }

  #attribute(element: GrammarElement): Pattern {
    const { names, rest } = namesAndRest(element, element.attribute('ns') ?? '');
    return this.patterns.attribute(names, () => {
      const { empty, text } = this.patterns;
      const value = rest().reduce((all, child) => this.patterns.group(all, this.#pattern(child, '')), empty);
      return rest().length === 0 ? text : value;
    });
  }

  #element(element: GrammarElement): Pattern {
    const { names, rest } = namesAndRest(element, element.ns);
    return this.patterns.element(names, () => {
      const { empty } = this.patterns;
      const content = rest().reduce((all, child) => this.patterns.group(all, this.#pattern(child, '')), empty);
      this.nested.addElement(spelledNames(names), content);
      return content;
    });
  }
}

/**
 * The names that an `<element>` or `<attribute>` of a grammar allows, and its other children, parsed on demand.
 * @param ns namespace of a name in the attribute `name`; a `<name>` element has its own or an inherited one
 */
function namesAndRest(element: GrammarElement, ns: string): { names: NameClass; rest: () => GrammarElement[] } {
  const name = element.attribute('name');
  if (name !== undefined) return { names: qualified(name, element, ns), rest: () => element.children };
  const [first, ...rest] = element.children;
  if (first === undefined) throw new Error(`<${element.name}> without a name`);
  return { names: nameClass(first), rest: () => rest };
}

function nameClass(element: GrammarElement): NameClass {
  const children = element.children;
  const { ns } = element;
  const [except] = children.filter(({ name }) => name === 'except');
  const excluded = except ? { except: oneOf(except.children) } : {};
  switch (element.name) {
    case 'name':
      return qualified(element.text, element, ns);
    case 'anyName':
      return { kind: 'any', ...excluded };
    case 'nsName':
      return { kind: 'ns', ns, ...excluded };
    case 'choice':
      return oneOf(children);
    default:
      throw new Error(`<${element.name}> in place of a name`);
  }
}

const oneOf = (elements: readonly GrammarElement[]): NameClass => ({ kind: 'choice', of: elements.map(nameClass) });

function qualified(name: string, element: GrammarElement, ns: string): NameClass {
  const [local = '', prefix] = name.trim().split(':').reverse();
  if (prefix === undefined) return { kind: 'name', ns, local };
  return { kind: 'name', ns: element.namespaceOf(prefix), local };
}
