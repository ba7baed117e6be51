import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { XmlElement } from '../../xml/element.js';
import { parseXml } from '../../xml/parse.js';
import type { Grammar } from '../grammar.js';

/** The content of all elements of one local name in a grammar: the union, so more than each of them may have. */
export interface ElementWords {
  /** attributes, each with the values that the grammar lists */
  attributes: Map<string, Set<string>>;
  children: Set<string>;
  texts: Set<string>;
  /** there is a wildcard: other names may be valid, too */
  open: boolean;
}

/** The names and values of a grammar, by element name: candidates for a document that does not match it. */
export type Vocabulary = ReadonlyMap<string, ElementWords>;

/** Reads the grammar and what it includes (some 100 ms for libvirt's). */
export function readVocabulary(grammar: Grammar): Vocabulary {
  const definitions = new Map<string, XmlElement[]>();
  const elements: XmlElement[] = [];
  const read = (text: string, url: string): void => {
    for (const element of withAllBelow(parseXml(text).root)) {
      if (element.localName === 'include') readFile(new URL(element.getAttribute('href') ?? '', url).href);
      if (element.localName === 'element') elements.push(element);
      if (element.localName !== 'define') continue;
      const name = element.getAttribute('name') ?? '';
      definitions.set(name, [...(definitions.get(name) ?? []), element]);
    }
  };
  const files = new Set<string>();
  const readFile = (url: string): void => {
    if (files.has(url)) return;
    files.add(url);
    read(readFileSync(fileURLToPath(url), 'utf8'), url);
  };
  if (grammar.file !== undefined) readFile(pathToFileURL(grammar.file).href);
  else read(grammar.text ?? '', pathToFileURL(join(grammar.directories.at(-1) ?? '/', 'generated.rng')).href);

  const vocabulary = new Map<string, ElementWords>();
  for (const element of elements) {
    const name = element.getAttribute('name');
    if (name === null) continue;
    const words = vocabulary.get(name) ?? { attributes: new Map(), children: new Set(), texts: new Set(), open: false };
    vocabulary.set(name, words);
    collect(element, words, definitions);
  }
  return vocabulary;
}

function withAllBelow(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(withAllBelow)];
}

function collect(element: XmlElement, words: ElementWords, definitions: ReadonlyMap<string, XmlElement[]>): void {
  const visit = (pattern: XmlElement, values: Set<string>, seen: Set<string>): void => {
    const name = pattern.getAttribute('name') ?? '';
    switch (pattern.localName) {
      case 'element':
        if (name === '') words.open = true;
        else words.children.add(name);
        return;
      case 'attribute': {
        if (name === '') words.open = true;
        const known = words.attributes.get(name) ?? new Set();
        words.attributes.set(name, known);
        for (const child of pattern.children) visit(child, known, new Set());
        return;
      }
      case 'value':
        values.add(pattern.textContent ?? '');
        return;
      case 'ref': {
        if (seen.has(name)) return;
        seen.add(name);
        for (const definition of definitions.get(name) ?? []) visitAll(definition, values, seen);
        return;
      }
      default:
        visitAll(pattern, values, seen);
    }
  };
  const visitAll = (parent: XmlElement, values: Set<string>, seen: Set<string>): void => {
    for (const child of parent.children) visit(child, values, seen);
  };
  visitAll(element, words.texts, new Set());
}
