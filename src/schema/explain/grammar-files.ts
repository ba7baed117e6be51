import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Grammar } from '../grammar.js';
import { type GrammarElement, parseGrammarElement } from './grammar-xml.js';

/** A `<define>` or `<start>` of a grammar file, which is parsed at its first use. */
export interface Definition {
  combine: string | undefined;
  /** parses it; its parent is the `<grammar>` of the file */
  element: () => GrammarElement;
}

/** The definitions of a grammar by name; that of `<start>` is ''. */
export type Definitions = ReadonlyMap<string, Definition[]>;

/**
 * Reads a grammar and the files that it includes. Only their outline is read: of 660 definitions a document uses a few
 * dozen.
 * @throws Error for a file that cannot be read, or has what is not supported here, such as a grammar inside a grammar
 */
export function readDefinitions(grammar: Grammar): Definitions {
  const { file, text = readFileSync(file ?? '', 'utf8'), directories } = grammar;
  return outline(text, pathToFileURL(file ?? join(directories.at(-1) ?? '/', 'generated.rng')).href, []);
}

const PART = /<!--[\s\S]*?-->|<(?:[\w.-]+:)?(grammar|start|define|include|externalRef|parentRef)\b[^>]*>/g;

function outline(text: string, url: string, including: readonly string[]): Map<string, Definition[]> {
  if (including.includes(url)) throw new Error(`${url} includes itself`);
  const definitions = new Map<string, Definition[]>();
  const add = (name: string, more: readonly Definition[]) => {
    const known = definitions.get(name);
    if (known) known.push(...more);
    else definitions.set(name, [...more]);
  };
  let head: GrammarElement | undefined;
  let end = 0;
  for (const { 0: tag, 1: kind, index } of text.matchAll(PART)) {
    if (kind === undefined || index < end) continue;
    if (kind === 'grammar') {
      if (head !== undefined) throw new Error(`${url}: a grammar inside a grammar`);
      head = parseGrammarElement(`${tag.replace(/\/?>$/, '')}/>`, 0, undefined);
      continue;
    }
    if (head === undefined || kind.endsWith('Ref')) throw new Error(`${url}: ${tag}`);
    // definitions do not contain definitions
    end = endOfElement(text, index, tag, kind);
    if (kind === 'include') {
      for (const [name, all] of includeFile(parseGrammarElement(text, index, head), url, including)) add(name, all);
    } else add(kind === 'start' ? '' : attribute(tag, 'name'), [definition(text, index, tag, head)]);
  }
  return definitions;
}

/** Definitions of the included file, but those that the `<include>` element itself replaces. */
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

/** Where its end tag begins. What is before it is not looked for definitions. */
function endOfElement(text: string, start: number, tag: string, kind: string): number {
  if (tag.endsWith('/>')) return start + tag.length;
  const prefix = tag.slice(1, tag.indexOf(kind));
  const at = text.indexOf(`</${prefix}${kind}`, start);
  if (at < 0) throw new Error(`<${prefix}${kind}> is not closed`);
  return at;
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)`).exec(tag)?.[1]?.trim() ?? '';
}
