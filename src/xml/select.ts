import type { Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';

/** Part of xpath that its types leave out: a compiled expression. */
interface Expression {
  select(options: { node: Node }): Element[];
}
type Compiler = { parse(expression: string): Expression };

/** Answers one expression. */
type Selector = (node: Node) => Element[];
const selectors = new Map<string, Selector>();

/**
 * The elements that an XPath 1.0 expression selects, in document order. Prefixes are not bound: names are those
 * of no namespace, others are asked for by `namespace-uri()`. The expression is ours, never the input's.
 */
export function select(expression: string, node: Node): Element[] {
  let selector = selectors.get(expression);
  if (!selector) {
    selector = childSteps(expression) ?? guarded(expression) ?? byXpath(expression);
    selectors.set(expression, selector);
  }
  return selector(node);
}

/** The general way. It takes as long to load as all else together, so only the first question that needs it pays for it. */
export function byXpath(expression: string): Selector {
  let compiled: Expression | undefined;
  return (node) => {
    compiled ??= (xpath as unknown as Compiler).parse(expression);
    return compiled.select({ node });
  };
}

/** A path of names and `*` is walked. Undefined for anything else. */
function childSteps(expression: string): Selector | undefined {
  if (!/^\/?(?:[\w-]+|\*)(?:\/(?:[\w-]+|\*))*$/.test(expression)) return undefined;
  const isAbsolute = expression.startsWith('/');
  const steps = expression.slice(isAbsolute ? 1 : 0).split('/');
  return (node) => {
    let parents: Node[] = [isAbsolute ? (node.ownerDocument ?? node) : node];
    for (const step of steps) {
      const found: Node[] = [];
      for (const parent of parents) addChildren(parent, step, found);
      parents = found;
    }
    return parents as Element[];
  };
}

/** Where a path selects nothing without its predicates, it selects nothing with them. Undefined for anything but such a path. */
function guarded(expression: string): Selector | undefined {
  const bare = childSteps(expression.replace(/\[[^[\]]*\]/g, ''));
  if (!bare) return undefined;
  const exact = byXpath(expression);
  return (node) => (bare(node).length === 0 ? [] : exact(node));
}

const ELEMENT_NODE = 1;

function addChildren(parent: Node, name: string, found: Node[]): void {
  for (let child = parent.firstChild; child; child = child.nextSibling) {
    if (child.nodeType !== ELEMENT_NODE) continue;
    if (name === '*' || (child.nodeName === name && !child.namespaceURI)) found.push(child);
  }
}
