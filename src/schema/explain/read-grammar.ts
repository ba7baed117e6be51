import type { XmlElement } from '../../xml/element.js';
import type { Grammar } from '../grammar.js';
import { makeDatatype } from './datatype.js';
import type { Parameter } from './datatype-names.js';
import { type Definitions, readDefinitions } from './grammar-files.js';
import type { NameClass } from './name-class.js';
import type { Pattern, Patterns } from './pattern.js';

const RELAX_NG = 'http://relaxng.org/ns/structure/1.0';

/**
 * The pattern of documents of a grammar. What is inside of elements is read when a document has them.
 * @throws Error for what is not supported here
 */
export function readGrammar(grammar: Grammar, patterns: Patterns): Pattern {
  return new Reader(readDefinitions(grammar), patterns).definition('');
}

class Reader {
  readonly #read = new Map<string, Pattern | undefined>();

  constructor(
    private readonly definitions: Definitions,
    private readonly patterns: Patterns,
  ) {}

  definition(name: string): Pattern {
    const known = this.#read.get(name);
    if (known) return known;
    const parts = this.definitions.get(name);
    if (parts === undefined) throw new Error(`no definition of ${name || 'start'}`);
    // an element's content is read later, so only a definition that is a part of itself gets here
    if (this.#read.has(name)) throw new Error(`${name} refers to itself`);
    this.#read.set(name, undefined);
    const interleaved = parts.some(({ combine }) => combine === 'interleave');
    const each = parts.map(({ element }) => this.#all(element(), name));
    const pattern = interleaved ? this.patterns.interleave(...each) : this.patterns.choice(...each);
    this.#read.set(name, pattern);
    return pattern;
  }

  /** The children of an element as a group. `label` is the name of the definition that they are all of. */
  #all(parent: XmlElement, label = ''): Pattern {
    const children = grammarChildren(parent);
    const only = children.length === 1 ? label : '';
    return children.reduce((all, child) => this.patterns.group(all, this.#pattern(child, only)), this.patterns.empty);
  }

  #pattern(element: XmlElement, label: string): Pattern {
    const { patterns } = this;
    switch (element.localName) {
      case 'empty':
        return patterns.empty;
      case 'notAllowed':
        return patterns.notAllowed;
      case 'text':
        return patterns.text;
      case 'ref':
        return this.definition((element.getAttribute('name') ?? '').trim());
      case 'group':
        return this.#all(element, label);
      case 'interleave':
        return patterns.interleave(...grammarChildren(element).map((child) => this.#pattern(child, '')));
      case 'mixed':
        return patterns.interleave(patterns.text, this.#all(element));
      case 'choice':
        return patterns.choice(...grammarChildren(element).map((child) => this.#pattern(child, label)));
      case 'optional':
        return patterns.optional(this.#all(element));
      case 'oneOrMore':
        return patterns.oneOrMore(this.#all(element));
      case 'zeroOrMore':
        return patterns.optional(patterns.oneOrMore(this.#all(element)));
      case 'list':
        return patterns.list(this.#all(element));
      case 'value':
        return patterns.value(makeDatatype(element.getAttribute('type') ?? 'token', [], ''), element.textContent);
      case 'data':
        return this.#data(element, label);
      case 'attribute':
        return this.#attribute(element);
      case 'element':
        return this.#element(element);
      default:
        throw new Error(`<${element.tagName}> in a grammar`);
    }
  }

  #data(element: XmlElement, label: string): Pattern {
    const children = grammarChildren(element);
    const parameters = children
      .filter(({ localName }) => localName === 'param')
      .map((each): Parameter => ({ name: each.getAttribute('name') ?? '', value: each.textContent }));
    const except = children.find(({ localName }) => localName === 'except');
    const excluded = except && this.patterns.choice(...grammarChildren(except).map((each) => this.#pattern(each, '')));
    const type = makeDatatype((element.getAttribute('type') ?? '').trim(), parameters, label);
    return this.patterns.data(type, excluded);
  }

  #attribute(element: XmlElement): Pattern {
    const { names, rest } = namesAndRest(element, element.getAttribute('ns') ?? '');
    const value = rest.reduce((all, child) => this.patterns.group(all, this.#pattern(child, '')), this.patterns.empty);
    return this.patterns.attribute(names, rest.length === 0 ? this.patterns.text : value);
  }

  #element(element: XmlElement): Pattern {
    const { names, rest } = namesAndRest(element, namespaceAt(element));
    return this.patterns.element(names, () =>
      rest.reduce((all, child) => this.patterns.group(all, this.#pattern(child, '')), this.patterns.empty),
    );
  }
}

/** Elements of other namespaces are annotations. */
function grammarChildren(element: XmlElement): XmlElement[] {
  return element.children.filter(({ namespaceURI }) => namespaceURI === RELAX_NG);
}

/** `ns` is for the attribute `name`; names in elements have that of their own or of what is around them. */
function namesAndRest(element: XmlElement, ns: string): { names: NameClass; rest: XmlElement[] } {
  const children = grammarChildren(element);
  const name = element.getAttribute('name');
  if (name !== null) return { names: qualified(name, element, ns), rest: children };
  const [first, ...rest] = children;
  if (first === undefined) throw new Error(`<${element.tagName}> without a name`);
  return { names: nameClass(first), rest };
}

function nameClass(element: XmlElement): NameClass {
  const children = grammarChildren(element);
  const ns = namespaceAt(element);
  const [except] = children.filter(({ localName }) => localName === 'except');
  const excluded = except ? { except: oneOf(grammarChildren(except)) } : {};
  switch (element.localName) {
    case 'name':
      return qualified(element.textContent, element, ns);
    case 'anyName':
      return { kind: 'any', ...excluded };
    case 'nsName':
      return { kind: 'ns', ns, ...excluded };
    case 'choice':
      return oneOf(children);
    default:
      throw new Error(`<${element.tagName}> in place of a name`);
  }
}

const oneOf = (elements: readonly XmlElement[]): NameClass => ({ kind: 'choice', of: elements.map(nameClass) });

function qualified(name: string, element: XmlElement, ns: string): NameClass {
  const [local = '', prefix] = name.trim().split(':').reverse();
  if (prefix === undefined) return { kind: 'name', ns, local };
  return { kind: 'name', ns: inherited(element, `xmlns:${prefix}`), local };
}

const namespaceAt = (element: XmlElement) => inherited(element, 'ns');

function inherited(element: XmlElement | null, name: string): string {
  for (let each = element; each; each = each.parent) {
    const value = each.getAttribute(name);
    if (value !== null) return value;
  }
  return '';
}
