import { type AttributeRange, attributesOf } from '../../xml/attributes.js';
import type { XmlDocument } from '../../xml/document.js';
import type { Edit } from '../../xml/edit.js';
import type { XmlElement } from '../../xml/element.js';
import type { ElementWords, Vocabulary } from './vocabulary.js';

/** An attribute, a child element or a text of an element, with the edit that removes it. */
export type Part = AttributePart | ChildPart | TextPart;

export interface AttributePart {
  owner: XmlElement;
  attribute: AttributeRange;
  removal: Edit;
}

export interface ChildPart {
  owner: XmlElement;
  child: XmlElement;
  removal: Edit;
}

export interface TextPart {
  owner: XmlElement;
  text: string;
  removal: Edit;
}

const NO_WORDS: ElementWords = { attributes: new Map(), children: new Set(), texts: new Set(), open: true };

/** The parts of a document's elements, and their counterparts in a grammar's vocabulary. */
export class Parts {
  constructor(
    readonly document: XmlDocument,
    readonly vocabulary: Vocabulary,
  ) {}

  words(element: XmlElement): ElementWords {
    return this.vocabulary.get(element.localName ?? '') ?? NO_WORDS;
  }

  attributes(owner: XmlElement): AttributePart[] {
    return attributesOf(this.document, owner)
      .filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'))
      .map((attribute) => ({ owner, attribute, removal: { start: attribute.start, end: attribute.end, text: '' } }));
  }

  children(owner: XmlElement): ChildPart[] {
    return [...owner.children].map((child) => {
      const removal = { start: child.start, end: child.end, text: '' };
      return { owner, child, removal };
    });
  }

  /** The text directly in an element, in pieces. */
  texts(owner: XmlElement): TextPart[] {
    const { openEnd, closeStart } = owner;
    const places = [...owner.children];
    const gaps = [openEnd, ...places.map(({ end }) => end)].map((from, index) => {
      const to = places[index]?.start ?? closeStart;
      // the schema ignores comments and instructions; spaces in place of them keep the offsets
      const gap = this.document.text
        .slice(from, to)
        .replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, (match) => ' '.repeat(match.length));
      return { start: from + gap.search(/\S|$/), text: gap.trim() };
    });
    return gaps
      .filter(({ text }) => text !== '')
      .map(({ start, text }) => ({ owner, text, removal: { start, end: start + text.length, text: '' } }));
  }

  /** True if the grammar has, or may have, such a part in some element of this name. */
  isKnown(part: AttributePart | ChildPart): boolean {
    const words = this.words(part.owner);
    if (words.open) return true;
    return 'child' in part
      ? words.children.has(part.child.localName ?? '')
      : words.attributes.has(part.attribute.name.replace(/^.*:/, ''));
  }

  /** The edit that adds a child at the end. */
  append(owner: XmlElement, text: string): Edit {
    const { openEnd, closeStart, end } = owner;
    if (closeStart < end) return { start: closeStart, end: closeStart, text };
    return { start: openEnd - '/>'.length, end: openEnd, text: `>${text}</${owner.tagName}>` };
  }

  /** True if the grammar lists values for this attribute, and this is not one of them. */
  hasOddValue({ owner, attribute }: AttributePart): boolean {
    const values = this.words(owner).attributes.get(attribute.name);
    return values !== undefined && !values.has(owner.getAttribute(attribute.name) ?? '');
  }

  isRepeated({ owner, child }: ChildPart): boolean {
    return [...owner.children].find((other) => other.tagName === child.tagName) !== child;
  }
}
