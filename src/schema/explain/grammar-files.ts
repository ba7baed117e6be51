import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Grammar } from '../grammar.js';
import { attributeIn, GrammarElement, parseGrammarElement } from './grammar-xml.js';

/** A `<define>` or `<start>` of a grammar file, which is parsed when it is first used. */
export class Definition {
  #element: GrammarElement | undefined;

  constructor(
    private readonly text: string,
    private readonly start: number,
    private readonly parent: GrammarElement,
    readonly combine: string | undefined,
  ) {}

  get element(): GrammarElement {
    this.#element ??= parseGrammarElement(this.text, this.start, this.parent);
    return this.#element;
  }
}

/** The definitions of a grammar by name; the name of `<start>` is ''. */
export type Definitions = ReadonlyMap<string, readonly Pick<Definition, 'combine' | 'element'>[]>;

type DefinitionsSoFar = Map<string, Pick<Definition, 'combine' | 'element'>[]>;

/**
 * Reads a grammar and the files that it includes. Only the outline is parsed: a document uses a few dozen of 660
 * definitions.
 * @throws Error for a file that cannot be read, or uses an unsupported feature, such as a grammar inside a grammar
 */
export function readDefinitions(grammar: Grammar): Definitions {
  const { file, text = readFileSync(file ?? '', 'utf8'), directories } = grammar;
  const definitions: DefinitionsSoFar = new Map();
  addOutline(definitions, text, pathToFileURL(file ?? join(directories.at(-1) ?? '/', 'generated.rng')).href, []);
  return definitions;
}

/** A comment, which may be unfinished, or a start tag: prefix, name, attributes. */
const OUTLINE =
  /<!--(?:[\s\S]*?-->)?|<([\w.-]+:)?(grammar|define|start|include)(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>/g;

function addOutline(definitions: DefinitionsSoFar, text: string, url: string, including: readonly string[]): void {
  if (including.includes(url)) throw new Error(`${url} includes itself`);
  let head: GrammarElement | undefined;
  let at = 0;
  for (;;) {
    OUTLINE.lastIndex = at;
    const found = OUTLINE.exec(text);
    if (found === null) return;
    const { index, 0: tag, 1: prefix = '', 2: kind, 3: attributes = '' } = found;
    at = OUTLINE.lastIndex;
    if (kind === undefined) {
      if (tag === '<!--') throw new Error(`${url}: a comment is not closed`);
    } else if (kind === 'grammar') {
      if (head !== undefined) throw new Error(`${url}: a grammar inside a grammar`);
      head = new GrammarElement(kind, attributes, undefined);
    } else {
      if (head === undefined) throw new Error(`${url}: ${tag}`);
      // definitions do not contain definitions
      if (!attributes.endsWith('/')) at = endTag(text, at, prefix + kind);
      if (kind === 'include') {
        addIncluded(definitions, parseGrammarElement(text, index, head), url, including);
      } else {
        const name = kind === 'start' ? '' : (attributeIn(attributes, 'name') ?? '').trim();
        const combine = attributes.includes('combine') ? attributeIn(attributes, 'combine')?.trim() : undefined;
        add(definitions, name, [new Definition(text, index, head, combine)]);
      }
    }
  }
}

function add(definitions: DefinitionsSoFar, name: string, more: Pick<Definition, 'combine' | 'element'>[]): void {
  const known = definitions.get(name);
  if (known) known.push(...more);
  else definitions.set(name, more);
}

/** Adds the definitions of the included file, except those that the `<include>` element replaces. */
function addIncluded(
  definitions: DefinitionsSoFar,
  include: GrammarElement,
  url: string,
  including: readonly string[],
): void {
  const target = new URL(include.attribute('href') ?? '', url).href;
  const text = readFileSync(fileURLToPath(target), 'utf8');
  if (include.children.length === 0) {
    addOutline(definitions, text, target, [...including, url]);
    return;
  }
  const included: DefinitionsSoFar = new Map();
  addOutline(included, text, target, [...including, url]);
  const own: DefinitionsSoFar = new Map();
  for (const element of include.children) {
    const name = element.name === 'start' ? '' : (element.attribute('name') ?? '');
    add(own, name, [{ combine: element.attribute('combine'), element }]);
  }
  for (const [name, more] of [...included].filter(([name]) => !own.has(name))) add(definitions, name, more);
  for (const [name, more] of own) add(definitions, name, more);
}

/** Offset of an end tag. The text before it is not searched for definitions. */
function endTag(text: string, from: number, name: string): number {
  const at = text.indexOf(`</${name}`, from);
  if (at < 0) throw new Error(`<${name}> is not closed`);
  return at;
}
