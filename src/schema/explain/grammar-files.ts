import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Grammar } from '../grammar.js';
import { attributeIn, endOfTag, type GrammarElement, parseGrammarElement } from './grammar-xml.js';

/** A `<define>` or `<start>` of a grammar file, which is parsed when it is first used. */
export interface Definition {
  combine: string | undefined;
  /** parses it; its parent is the `<grammar>` element of the file */
  element: () => GrammarElement;
}

/** The definitions of a grammar by name; the name of `<start>` is ''. */
export type Definitions = ReadonlyMap<string, Definition[]>;

/**
 * Reads a grammar and the files that it includes. Only the outline is parsed: a document uses a few dozen of 660
 * definitions.
 * @throws Error for a file that cannot be read, or uses an unsupported feature, such as a grammar inside a grammar
 */
export function readDefinitions(grammar: Grammar): Definitions {
  const { file, text = readFileSync(file ?? '', 'utf8'), directories } = grammar;
  return outline(text, pathToFileURL(file ?? join(directories.at(-1) ?? '/', 'generated.rng')).href, []);
}

function outline(text: string, url: string, including: readonly string[]): Map<string, Definition[]> {
  if (including.includes(url)) throw new Error(`${url} includes itself`);
  const definitions = new Map<string, Definition[]>();
  const add = (name: string, more: readonly Definition[]) => {
    const known = definitions.get(name);
    if (known) known.push(...more);
    else definitions.set(name, [...more]);
  };
  let head: GrammarElement | undefined;
  let at = 0;
  for (let start = text.indexOf('<'); start >= 0; start = text.indexOf('<', at)) {
    if (text.startsWith('<!--', start)) {
      at = text.indexOf('-->', start);
      if (at < 0) throw new Error(`${url}: a comment is not closed`);
      continue;
    }
    at = endOfTag(text, start) + 1;
    const tag = text.slice(start, at);
    const kind = nameIn(tag);
    if (kind === 'grammar') {
      if (head !== undefined) throw new Error(`${url}: a grammar inside a grammar`);
      head = parseGrammarElement(`${tag.replace(/\/?>$/, '')}/>`, 0, undefined);
    } else if (kind === 'define' || kind === 'start' || kind === 'include') {
      if (head === undefined) throw new Error(`${url}: ${tag}`);
      // definitions do not contain definitions
      at = endOfElement(text, start, tag, kind);
      if (kind === 'include') {
        for (const [name, all] of includeFile(parseGrammarElement(text, start, head), url, including)) add(name, all);
      } else add(kind === 'start' ? '' : attribute(tag, 'name'), [definition(text, start, tag, head)]);
    }
    // <div> and the XML declaration have no effect
  }
  return definitions;
}

/** The name of a start tag, without its prefix; '' for any other tag. */
function nameIn(tag: string): string {
  let end = 1;
  let start = 1;
  for (; end < tag.length; end++) {
    const code = tag.charCodeAt(end);
    if (code === COLON) start = end + 1;
    else if (code <= SPACE || code === GREATER || code === SLASH) break;
  }
  return tag.slice(start, end);
}

const SPACE = 32;
const SLASH = 47;
const COLON = 58;
const GREATER = 62;

/** The definitions of the included file, except those that the `<include>` element replaces. */
function includeFile(include: GrammarElement, url: string, including: readonly string[]): Definitions {
  const target = new URL(include.attribute('href') ?? '', url).href;
  const included = outline(readFileSync(fileURLToPath(target), 'utf8'), target, [...including, url]);
  const own = new Map<string, Definition[]>();
  for (const element of include.children) {
    const name = element.name === 'start' ? '' : (element.attribute('name') ?? '');
    own.set(name, [...(own.get(name) ?? []), { combine: element.attribute('combine'), element: () => element }]);
  }
  for (const [name, definitions] of own) included.set(name, definitions);
  return included;
}

function definition(text: string, start: number, tag: string, head: GrammarElement): Definition {
  let parsed: GrammarElement | undefined;
  const element = () => {
    parsed ??= parseGrammarElement(text, start, head);
    return parsed;
  };
  return { combine: attribute(tag, 'combine') || undefined, element };
}

/** Offset of its end tag. The text before it is not searched for definitions. */
function endOfElement(text: string, start: number, tag: string, kind: string): number {
  if (tag.endsWith('/>')) return start + tag.length;
  const prefix = tag.slice(1, tag.indexOf(kind));
  const at = text.indexOf(`</${prefix}${kind}`, start);
  if (at < 0) throw new Error(`<${prefix}${kind}> is not closed`);
  return at;
}

const attribute = (tag: string, name: string) => (attributeIn(tag, name) ?? '').trim();
