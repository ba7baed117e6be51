import { attributesOf } from '../../src/xml/attributes.js';
import type { XmlElement } from '../../src/xml/element.js';
import { parseXml } from '../../src/xml/parse.js';

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
    switch (random(11)) {
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
      case 10:
        if (element.children.length > 2) return reordered(text, element, random);
        break;
    }
  }
}

/** A document in which children of an element have other places. */
function reordered(text: string, { children, openEnd }: XmlElement, random: (limit: number) => number): string {
  const order = [...children];
  for (let moved = 0; moved <= random(children.length); moved++) {
    order.splice(random(order.length), 0, ...order.splice(random(order.length), 1));
  }
  let [inner, from] = ['', openEnd];
  for (const [index, { start, end }] of children.entries()) {
    const { start: otherStart, end: otherEnd } = order[index] as XmlElement;
    inner += text.slice(from, start) + text.slice(otherStart, otherEnd);
    from = end;
  }
  return text.slice(0, openEnd) + inner + text.slice(from);
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

export type Misspelling = 'attribute' | 'element' | 'value' | 'moved' | 'repeated';

/** A document with one mistake of the kinds that people make: it stays well-formed, and may stay valid. */
export function misspelt(text: string, random: (limit: number) => number): { text: string; kind: Misspelling } {
  const document = parseXml(text);
  const elements = withDescendants(document.root);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const replace = (start: number, end: number, by: string) => text.slice(0, start) + by + text.slice(end);
  for (;;) {
    const element = pick(elements);
    const { start, end, openEnd, closeStart, tagName, parent, children } = element;
    if (!parent || tagName.includes(':')) continue;
    const attributes = attributesOf(document, element).filter(({ name }) => !name.includes(':') && name !== 'xmlns');
    const attribute = attributes.length > 0 ? pick(attributes) : undefined;
    switch (random(5)) {
      case 0: {
        const name = attribute && typo(attribute.name, random);
        if (!attribute || name === undefined || element.hasAttribute(name)) break;
        return { kind: 'attribute', text: replace(attribute.start, attribute.start + attribute.name.length, name) };
      }
      case 1: {
        const name = typo(tagName, random);
        if (name === undefined) break;
        const renamed = text.slice(start, end).replace(/^<[^\s/>]+/, `<${name}`);
        const isEmptyTag = closeStart === openEnd && end === openEnd;
        return {
          kind: 'element',
          text: replace(start, end, isEmptyTag ? renamed : renamed.replace(/<\/[^<]*$/, `</${name}>`)),
        };
      }
      case 2: {
        const value = attribute && text.slice(attribute.valueStart, attribute.valueEnd);
        const wrong = value === undefined ? undefined : pick([typo(value, random), ` ${value}`, `${value}\u00a0`]);
        if (!attribute || wrong === undefined) break;
        return { kind: 'value', text: replace(attribute.valueStart, attribute.valueEnd, wrong) };
      }
      case 3: {
        const next = parent.children[parent.children.indexOf(element) + 1];
        if (!next) break;
        const swapped = text.slice(next.start, next.end) + text.slice(end, next.start) + text.slice(start, end);
        return { kind: 'moved', text: replace(start, next.end, swapped) };
      }
      case 4:
        if (children.length > 0) break;
        return { kind: 'repeated', text: replace(end, end, text.slice(start, end)) };
    }
  }
}

/** A word with one letter more, less, other, or in upper case; undefined for one that is too short. */
function typo(word: string, random: (limit: number) => number): string | undefined {
  if (!/^[A-Za-z_-]{4,}$/.test(word)) return undefined;
  const at = 1 + random(word.length - 1);
  const [head, letter, tail] = [word.slice(0, at), word[at] as string, word.slice(at + 1)];
  const changed = [head + tail, head + letter + letter + tail, `${head}x${tail}`, head + letter.toUpperCase() + tail];
  return changed[random(changed.length)];
}
