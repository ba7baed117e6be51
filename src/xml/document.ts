import type { Document } from '@xmldom/xmldom';
import { Dom } from './dom.js';
import type { XmlElement } from './element.js';
import { LineIndex } from './line-index.js';

/** A well-formed document: its text, and its elements with their positions. It is immutable. */
export class XmlDocument {
  #nodes: Dom | undefined;

  constructor(
    readonly text: string,
    readonly root: XmlElement,
    readonly lines: LineIndex = new LineIndex(text),
  ) {}

  /** The document as DOM nodes, for XPath; built at the first use. */
  get nodes(): Dom {
    this.#nodes ??= new Dom(this.text, this.root);
    return this.#nodes;
  }

  get dom(): Document {
    return this.nodes.document;
  }
}
