import { attributesOf } from '../../src/xml/attributes.js';
import type { XmlElement } from '../../src/xml/element.js';
import { parseXml } from '../../src/xml/parse.js';

/** Numbers from 0 to below `limit`, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/**
 * A document with one random change: an attribute or element that is removed, repeated, renamed or moved, a value or
 * text that is another one of the same or another document. It stays well-formed.
 */
export function mutant(text: string, words: readonly string[], random: (limit: number) => number): string {
  const document = parseXml(text);
  const elements = withDescendants(document.root);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const replace = (start: number, end: number, by: string) => text.slice(0, start) + by + text.slice(end);
  for (;;) {
    const element = pick(elements);
    const attributes = attributesOf(document, element).filter(({ name }) => !name.startsWith('xmlns'));
    const attribute = attributes.length > 0 ? pick(attributes) : undefined;
    const { start, end, openEnd, closeStart, parent } = element;
    const isLeaf = element.children.length === 0 && closeStart > openEnd;
    const source = text.slice(start, end);
    const nameEnd = start + 1 + element.tagName.length;
    switch (random(10)) {
      case 0:
        if (attribute) return replace(attribute.start, attribute.end, '');
        break;
      case 1:
        if (attribute) return replace(attribute.valueStart, attribute.valueEnd, pick(words));
        break;
      case 2:
        if (attribute) return replace(attribute.start, attribute.start + attribute.name.length, `${attribute.name}x`);
        break;
      case 3: {
        const name = pick(elements.flatMap(({ attributes: all }) => all.map((each) => each.name))) ?? 'x';
        if (!name.includes(':') && !element.hasAttribute(name))
          return replace(nameEnd, nameEnd, ` ${name}="${pick(words)}"`);
        break;
      }
      case 4:
        if (parent) return replace(start, end, '');
        break;
      case 5:
        if (parent) return replace(end, end, source);
        break;
      case 6: {
        const target = pick(elements);
        const isInside = target.start >= start && target.end <= end;
        if (parent && !isInside && target.closeStart > target.openEnd && !source.includes(':')) {
          return replace(target.openEnd, target.openEnd, source);
        }
        break;
      }
      case 7:
        if (isLeaf) return replace(openEnd, closeStart, pick(words));
        break;
      case 8:
        if (!isLeaf && closeStart > openEnd && parent) return replace(openEnd, openEnd, pick(words));
        break;
      case 9: {
        const siblings = parent?.children ?? [];
        const other = siblings.length > 1 ? pick(siblings) : element;
        if (other.start > end)
          return (
            text.slice(0, start) +
            text.slice(other.start, other.end) +
            text.slice(end, other.start) +
            source +
            text.slice(other.end)
          );
        break;
      }
    }
  }
}

/** Values and texts of documents, and some that fit nowhere. */
export function wordsOf(texts: readonly string[]): string[] {
  const words = new Set(['', ' ', '0', '-1', '1.5', 'x y', '/a', '0x1f', '+7', '4294967296', '\u00a0', 'no']);
  for (const text of texts) {
    for (const { attributes, content } of withDescendants(parseXml(text).root)) {
      for (const { value } of attributes) if (!/[<&"']/.test(value)) words.add(value);
      for (const part of content) if (typeof part === 'string' && !/[<&"']/.test(part)) words.add(part);
    }
  }
  return [...words];
}

function withDescendants(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(withDescendants)];
}
