import type { Document, Element } from '@xmldom/xmldom';
import { LineIndex } from './position.js';

/** Where an element stands, as UTF-16 offsets. Of an empty-element tag, openEnd, closeStart and end are the same. */
export interface ElementRange {
  /** its '<' */
  start: number;
  /** just after the '>' of its start tag */
  openEnd: number;
  /** the '<' of its end tag */
  closeStart: number;
  /** just after the element */
  end: number;
}

/** A well-formed document: its text, a DOM to ask (never to write), and the place of each element. */
export class XmlDocument {
  readonly lines: LineIndex;
  readonly #ranges: Map<Element, ElementRange>;

  constructor(
    readonly text: string,
    readonly dom: Document,
    readonly root: Element,
    ranges: Map<Element, ElementRange>,
  ) {
    this.lines = new LineIndex(text);
    this.#ranges = ranges;
  }

  rangeOf(element: Element): ElementRange {
    return this.#ranges.get(element) as ElementRange;
  }
}
