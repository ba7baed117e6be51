import { DOMImplementation, type Document, type Element, type Node } from '@xmldom/xmldom';
import { type ContentPiece, piecesOf } from './content.js';
import type { XmlElement } from './element.js';

/** Results of compareDocumentPosition: the other node precedes, or follows, this one. */
const PRECEDING = 2;
const FOLLOWING = 4;

/** A document as DOM nodes that xpath can query, with the XmlElement or text of each. */
export class Dom {
  readonly document: Document;
  readonly #nodes = new Map<XmlElement, Element>();
  readonly #elements = new Map<Node, XmlElement>();
  readonly #pieces = new Map<Node, ContentPiece>();
  /** position of each node in document order, attributes included */
  readonly #order = new Map<Node, number>();
  readonly #compare: Node['compareDocumentPosition'];

  constructor(
    private readonly text: string,
    root: XmlElement,
  ) {
    const order = this.#order;
    // xpath sorts by this method. xmldom's own walks the siblings: with a hundred thousand of them a sort would take
    // hours
    this.#compare = function compare(this: Node, other: Node) {
      return (order.get(this) ?? 0) > (order.get(other) ?? 0) ? PRECEDING : FOLLOWING;
    };
    this.document = this.#register(new DOMImplementation().createDocument(null, '', null));
    this.#appendPieces(this.document, 0, root.start);
    this.document.appendChild(this.#build(root));
    this.#appendPieces(this.document, root.end, text.length);
  }

  nodeOf(element: XmlElement): Element {
    return this.#nodes.get(element) as Element;
  }

  elementOf(node: Node): XmlElement {
    return this.#elements.get(node) as XmlElement;
  }

  /** The text, comment or instruction of a node; undefined for other nodes. */
  pieceOf(node: Node): ContentPiece | undefined {
    return this.#pieces.get(node);
  }

  #build(element: XmlElement): Element {
    const node = this.#register(this.document.createElementNS(element.namespaceURI, element.tagName));
    for (const { name, uri, value } of element.attributes) {
      // in XPath, namespace declarations are not attributes
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
      if (uri) node.setAttributeNS(uri, name, value);
      else node.setAttribute(name, value);
      const attribute = node.getAttributeNode(name);
      if (attribute) this.#register(attribute);
    }
    let end = element.openEnd;
    for (const child of element.content) {
      if (typeof child === 'string') continue;
      this.#appendPieces(node, end, child.start);
      node.appendChild(this.#build(child));
      end = child.end;
    }
    this.#appendPieces(node, end, element.closeStart);
    this.#nodes.set(element, node);
    this.#elements.set(node, element);
    return node;
  }

  #appendPieces(parent: Document | Element, from: number, to: number): void {
    if (from >= to) return;
    for (const piece of piecesOf(this.text, from, to)) {
      // outside of the root element: in XPath, the BOM and the XML declaration are not nodes
      if (parent === this.document && (piece.kind === 'text' || /^xml\s/.test(piece.value))) continue;
      const node = this.#register(this.#nodeFor(piece));
      this.#pieces.set(node, piece);
      parent.appendChild(node);
    }
  }

  #nodeFor({ kind, value }: ContentPiece): Node {
    if (kind === 'text') return this.document.createTextNode(value);
    if (kind === 'comment') return this.document.createComment(value);
    const [, target = '', data = ''] = /^(\S*)\s*([\s\S]*)$/.exec(value) ?? [];
    return this.document.createProcessingInstruction(target, data);
  }

  #register<T extends Node>(node: T): T {
    this.#order.set(node, this.#order.size);
    node.compareDocumentPosition = this.#compare;
    return node;
  }
}
