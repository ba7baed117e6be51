import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { XmlElement } from '../../xml/element.js';
import { parseXml } from '../../xml/parse.js';
import type { Grammar } from '../grammar.js';

/** A `<define>` or `<start>` of a grammar file, which is parsed at its first use. */
export interface Definition {
  combine: string | undefined;
  /** parses it; its parents are a `<grammar>` with the attributes of the file's */
  element: () => XmlElement;
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
  const add = (name: string, more: readonly Definition[]) =>
    definitions.set(name, [...(definitions.get(name) ?? []), ...more]);
  let head: string | undefined;
  const end = { at: 0 };
  for (const { 0: tag, 1: kind, index } of text.matchAll(PART)) {
    if (kind === undefined || index < end.at) continue;
    if (kind === 'grammar') {
      if (head !== undefined) throw new Error(`${url}: a grammar inside a grammar`);
      head = tag;
      continue;
    }
    if (head === undefined || /Ref$/.test(kind)) throw new Error(`${url}: ${tag}`);
    end.at = endOfElement(text, index, tag);
    const fragment = text.slice(index, end.at);
    if (kind === 'include') {
      for (const [name, all] of includeFile(fragment, head, url, including)) add(name, all);
    } else {
      add(kind === 'start' ? '' : attribute(tag, 'name'), [definition(fragment, tag, head)]);
    }
  }
  return definitions;
}

/** Definitions of the included file, but those that the `<include>` element itself replaces. */
function includeFile(fragment: string, head: string, url: string, including: readonly string[]): Definitions {
  const include = parseInside(fragment, head);
  const target = new URL(include.getAttribute('href') ?? '', url).href;
  const included = outline(readFileSync(fileURLToPath(target), 'utf8'), target, [...including, url]);
  const own = new Map<string, Definition[]>();
  for (const element of include.children) {
    const name = element.localName === 'start' ? '' : (element.getAttribute('name') ?? '');
    own.set(name, [...(own.get(name) ?? []), { combine: combineOf(element), element: () => element }]);
  }
  for (const [name, definitions] of own) included.set(name, definitions);
  return included;
}

function definition(fragment: string, tag: string, head: string): Definition {
  let parsed: XmlElement | undefined;
  const element = () => {
    parsed ??= parseInside(fragment, head);
    return parsed;
  };
  return { combine: attribute(tag, 'combine') || undefined, element };
}

/** Definitions do not contain definitions. */
function endOfElement(text: string, start: number, tag: string): number {
  if (tag.endsWith('/>')) return start + tag.length;
  const name = /^<([^\s/>]+)/.exec(tag)?.[1] ?? '';
  const closing = new RegExp(`<!--[\\s\\S]*?-->|</${name}\\s*>`, 'g');
  closing.lastIndex = start + tag.length;
  for (let match = closing.exec(text); match; match = closing.exec(text)) {
    if (match[0].startsWith('</')) return closing.lastIndex;
  }
  throw new Error(`<${name}> is not closed`);
}

function parseInside(fragment: string, head: string): XmlElement {
  const name = /^<([^\s/>]+)/.exec(head)?.[1] ?? '';
  const [element] = parseXml(`${head}${fragment}</${name}>`).root.children;
  if (element === undefined) throw new Error(`no element in ${fragment}`);
  return element;
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)`).exec(tag)?.[1]?.trim() ?? '';
}

function combineOf(element: XmlElement): string | undefined {
  return element.getAttribute('combine') ?? undefined;
}
