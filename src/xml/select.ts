import type { Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';
import type { XmlDocument } from './document.js';
import type { XmlElement } from './element.js';

/** A compiled expression, which xpath's types do not declare. */
interface Expression {
  select(options: { node: Node }): Element[];
}
type Compiler = { parse(expression: string): Expression };

/** Evaluates one expression. */
type Selector = (document: XmlDocument) => XmlElement[];
const selectors = new Map<string, Selector>();

/**
 * The elements that an XPath 1.0 expression selects, in document order. There are no prefixes: names match elements in
 * no namespace, and `namespace-uri()` selects others. The expression is ours, never from the input.
 */
export function select(expression: string, document: XmlDocument): XmlElement[] {
  let selector = selectors.get(expression);
  if (!selector) {
    selector = pathOfNames(expression) ?? pathWithPredicates(expression) ?? byXpath(expression);
    selectors.set(expression, selector);
  }
  return selector(document);
}

/** For any expression. Loading xpath takes as long as loading everything else, so it is done on first use. */
export function byXpath(expression: string): Selector {
  let compiled: Expression | undefined;
  return (document) => {
    compiled ??= (xpath as unknown as Compiler).parse(expression);
    const { nodes } = document;
    return compiled.select({ node: nodes.document }).map((node) => nodes.elementOf(node));
  };
}

/** Walks an absolute path of names and `*`. Undefined for any other expression. */
function pathOfNames(expression: string): Selector | undefined {
  if (!/^(?:\/(?:[\w-]+|\*))+$/.test(expression)) return undefined;
  const [first, ...steps] = expression.slice(1).split('/') as [string, ...string[]];
  return ({ root }) => {
    let parents = isNamed(root, first) ? [root] : [];
    for (const step of steps) {
      const found: XmlElement[] = [];
      for (const parent of parents) addChildren(parent, step, found);
      parents = found;
    }
    return parents;
  };
}

/**
 * A path of names with predicates. It avoids xpath if the path without predicates selects nothing, because the path
 * with predicates then selects nothing either. Undefined for any other expression.
 */
function pathWithPredicates(expression: string): Selector | undefined {
  const withoutPredicates = pathOfNames(expression.replace(/\[[^[\]]*\]/g, ''));
  if (!withoutPredicates) return undefined;
  const exact = byXpath(expression);
  return (document) => (withoutPredicates(document).length === 0 ? [] : exact(document));
}

/** The first element that the path `name` or `name/childName` selects below `parent`. */
export function firstBelow(parent: XmlElement, name: string, childName?: string): XmlElement | undefined {
  const { content } = parent;
  for (let index = 0; index < content.length; index++) {
    const child = content[index] as XmlElement | string;
    if (typeof child === 'string' || !isNamed(child, name)) continue;
    const found = childName === undefined ? child : firstBelow(child, childName);
    if (found) return found;
  }
  return undefined;
}

function addChildren(parent: XmlElement, name: string, found: XmlElement[]): void {
  const { content } = parent;
  for (let index = 0; index < content.length; index++) {
    const child = content[index] as XmlElement | string;
    if (typeof child !== 'string' && isNamed(child, name)) found.push(child);
  }
}

function isNamed(element: XmlElement, name: string): boolean {
  return name === '*' || (element.tagName === name && !element.namespaceURI);
}
