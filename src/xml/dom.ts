import { DOMImplementation, type Document, type Element, type Node } from '@xmldom/xmldom';
import type { XmlElement } from './element.js';

/** A document as DOM nodes that xpath can query, and which of them is which element. */
export class Dom {
  readonly document: Document;
  readonly #nodes = new Map<XmlElement, Element>();
  readonly #elements = new Map<Node, XmlElement>();

  constructor(root: XmlElement) {
    this.document = new DOMImplementation().createDocument(null, '', null);
    this.document.appendChild(this.#build(root));
  }

  nodeOf(element: XmlElement): Element {
    return this.#nodes.get(element) as Element;
  }

  elementOf(node: Node): XmlElement {
    return this.#elements.get(node) as XmlElement;
  }

  #build(element: XmlElement): Element {
    const node = this.document.createElementNS(element.namespaceURI, element.tagName);
    for (const { name, uri, value } of element.attributes) {
      if (uri) node.setAttributeNS(uri, name, value);
      else node.setAttribute(name, value);
    }
    for (const part of element.content) {
      node.appendChild(typeof part === 'string' ? this.document.createTextNode(part) : this.#build(part));
    }
    this.#nodes.set(element, node);
    this.#elements.set(node, element);
    return node;
  }
}
