/** An attribute as the parser read it. */
export interface XmlAttribute {
  /** as written, prefix included */
  name: string;
  /** of its namespace; '' for none */
  uri: string;
  value: string;
  /** UTF-16 offset just after the closing quote */
  end: number;
}

/** By index: an iterator takes several times as long until the code is optimized, and most runs end before. */
export function attributeNamed(attributes: readonly XmlAttribute[], name: string): XmlAttribute | undefined {
  for (let index = 0; index < attributes.length; index++) {
    const attribute = attributes[index] as XmlAttribute;
    if (attribute.name === name) return attribute;
  }
  return undefined;
}

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

/** What most elements have of either: shared, so never changed. */
const NONE: readonly never[] = [];

/**
 * An element and its place, under the names that the DOM has for its parts. A document has hundreds, of which the rules ask a
 * few: this is an object or two each, where a node of a DOM and its attributes are dozens.
 */
export class XmlElement implements ElementRange {
  closeStart: number;
  end: number;
  #content: readonly (XmlElement | string)[] = NONE;

  constructor(
    readonly tagName: string,
    readonly localName: string,
    readonly namespaceURI: string | null,
    readonly parent: XmlElement | null,
    /** in document order */
    readonly attributes: readonly XmlAttribute[],
    readonly start: number,
    readonly openEnd: number,
  ) {
    this.closeStart = openEnd;
    this.end = openEnd;
  }

  /** Elements, and texts that are more than white space, in document order. */
  get content(): readonly (XmlElement | string)[] {
    return this.#content;
  }

  get children(): XmlElement[] {
    return this.#content.filter((part) => typeof part !== 'string');
  }

  get textContent(): string {
    let text = '';
    for (const part of this.#content) text += typeof part === 'string' ? part : part.textContent;
    return text;
  }

  /** The value of the attribute of that name, prefix included; null where there is none. */
  getAttribute(name: string): string | null {
    return attributeNamed(this.attributes, name)?.value ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.getAttribute(name) !== null;
  }

  /** For the parser alone: it has the end tag, or knows that there is none. */
  close(closeStart: number, end: number): void {
    this.closeStart = closeStart;
    this.end = end;
    // An array that grew has room for 16 more, and there may be a hundred thousand of them.
    if (this.#content.length > 1) this.#content = this.#content.slice();
  }

  /** For the parser alone. */
  append(part: XmlElement | string): void {
    if (this.#content === NONE) this.#content = [part];
    else (this.#content as (XmlElement | string)[]).push(part);
  }
}
