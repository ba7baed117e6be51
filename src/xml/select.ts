import type { Element, Node } from '@xmldom/xmldom';
import xpath from 'xpath';

/** Part of xpath that its types leave out: a compiled expression. */
interface Expression {
  select(options: { node: Node }): Element[];
}
const { parse } = xpath as unknown as { parse(expression: string): Expression };
const compiled = new Map<string, Expression>();

/**
 * The elements that an XPath 1.0 expression selects, in document order. Prefixes are not bound: names are those
 * of no namespace, others are asked for by `namespace-uri()`. The expression is ours, never the input's.
 */
export function select(expression: string, node: Node): Element[] {
  let found = compiled.get(expression);
  if (!found) {
    found = parse(expression);
    compiled.set(expression, found);
  }
  return found.select({ node });
}
