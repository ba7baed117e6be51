import type { Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';
import type { XmlDocument } from './document.js';
import type { XmlElement } from './element.js';

/** Part of xpath that its types leave out: a compiled expression. */
interface Expression {
  select(options: { node: Node }): Element[];
}
type Compiler = { parse(expression: string): Expression };

/** Answers one expression, asked of a document. */
type Selector = (document: XmlDocument) => XmlElement[];
const selectors = new Map<string, Selector>();

/**
 * The elements that an XPath 1.0 expression selects, in document order. Prefixes are not bound: names are those
 * of no namespace, others are asked for by `namespace-uri()`. The expression is ours, never the input's.
 */
export function select(expression: string, document: XmlDocument): XmlElement[] {
  let selector = selectors.get(expression);
  if (!selector) {
    selector = childSteps(expression) ?? guarded(expression) ?? byXpath(expression);
    selectors.set(expression, selector);
  }
  return selector(document);
}

/** The general way. It takes as long to load as all else together, so only the first question that needs it pays for it. */
export function byXpath(expression: string): Selector {
  let compiled: Expression | undefined;
  return (document) => {
    compiled ??= (xpath as unknown as Compiler).parse(expression);
    const { nodes } = document;
    return compiled.select({ node: nodes.document }).map((node) => nodes.elementOf(node));
  };
}

/** An absolute path of names and `*` is walked. Undefined for anything else. */
function childSteps(expression: string): Selector | undefined {
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

/** Where a path selects nothing without its predicates, it selects nothing with them. Undefined for anything but such a path. */
function guarded(expression: string): Selector | undefined {
  const bare = childSteps(expression.replace(/\[[^[\]]*\]/g, ''));
  if (!bare) return undefined;
  const exact = byXpath(expression);
  return (document) => (bare(document).length === 0 ? [] : exact(document));
}

/** The first child of that name, or of those the first with a child of the second name, which is then returned: what `select` would find first. */
export function firstBelow(parent: XmlElement, name: string, further?: string): XmlElement | undefined {
  const { content } = parent;
  for (let index = 0; index < content.length; index++) {
    const child = content[index] as XmlElement | string;
    if (typeof child === 'string' || !isNamed(child, name)) continue;
    const found = further === undefined ? child : firstBelow(child, further);
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
