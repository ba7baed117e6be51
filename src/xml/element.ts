/** An attribute after parsing. */
export interface XmlAttribute {
  /** as written, prefix included */
  name: string;
  /** of its namespace; '': none */
  uri: string;
  value: string;
  /** UTF-16 offset just after the closing quote */
  end: number;
}

/**
 * A loop over indices: an iterator is several times slower until V8 optimizes it, and most runs are too short for that.
 */
export function attributeNamed(attributes: readonly XmlAttribute[], name: string): XmlAttribute | undefined {
  for (let index = 0; index < attributes.length; index++) {
    const attribute = attributes[index] as XmlAttribute;
    if (attribute.name === name) return attribute;
  }
  return undefined;
}

/** Position of an element: UTF-16 offsets. For an empty-element tag, openEnd, closeStart and end are equal. */
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

/** An element while it is parsed. */
type Unfinished = { content: readonly (XmlElement | string)[] };

/** Shared by all empty elements, so never changed. */
const NONE: readonly never[] = [];

/**
 * An element and its position. Its members have the names of the DOM. It takes one or two objects, whereas a DOM node
 * with its attributes takes dozens; a document has hundreds of elements, and the rules need a few.
 */
export class XmlElement implements ElementRange {
  closeStart: number;
  end: number;
  /** Elements, and texts that are not only white space, in document order. */
  readonly content: readonly (XmlElement | string)[];

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
    this.content = NONE;
  }

  get children(): XmlElement[] {
    return this.content.filter((part) => typeof part !== 'string');
  }

  get textContent(): string {
    let text = '';
    for (const part of this.content) text += typeof part === 'string' ? part : part.textContent;
    return text;
  }

  /** The value of the attribute of that name (prefix included); null if the element does not have it. */
  getAttribute(name: string): string | null {
    return attributeNamed(this.attributes, name)?.value ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.getAttribute(name) !== null;
  }

  /** For the parser only: called at the end tag, or at the end of an empty-element tag. */
  close(closeStart: number, end: number): void {
    this.closeStart = closeStart;
    this.end = end;
    // trimmed: an array that grew has room for 16 more members, and there may be a hundred thousand arrays
    if (this.content.length > 1) (this as Unfinished).content = this.content.slice();
  }

  /** For the parser only. */
  append(part: XmlElement | string): void {
    if (this.content === NONE) (this as Unfinished).content = [part];
    else (this.content as (XmlElement | string)[]).push(part);
  }
}
