import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';
import type { Fault } from './fault.js';

/** A child of the root that is moved next to its neighbour in the grammar. */
export interface Reordering {
  /** the document with the moved child */
  text: string;
  /** the fault to report if libxml2 accepts that text */
  fault: Fault;
}

const MOST_TRIED = 8;

/**
 * libxml2 rejects some orders of the root's children that the schema allows, such as `<uuid>` apart from `<name>`
 * (measured with 2.9 and 2.15). Moves each child that is not in the grammar's order.
 * @param names of the root's children, in the grammar's order
 */
export function reorderings(document: XmlDocument, names: readonly string[]): Reordering[] {
  const { text, root } = document;
  const { children } = root;
  const rank = ({ tagName }: XmlElement) => names.indexOf(tagName);
  const moved: Reordering[] = [];
  // the first names of the grammar are the most likely
  for (const child of [...children].sort((a, b) => rank(a) - rank(b))) {
    const own = rank(child);
    const before = children.filter((each) => each !== child && rank(each) < own && rank(each) >= 0);
    const neighbour = before.sort((a, b) => rank(a) - rank(b)).at(-1);
    if (own < 0 || neighbour === undefined || neighbour === children[children.indexOf(child) - 1]) continue;
    const source = text.slice(child.start, child.end);
    const at = neighbour.end;
    const removed = (from: number, to: number) => text.slice(from, child.start) + text.slice(child.end, to);
    const whole =
      at <= child.start
        ? text.slice(0, at) + source + removed(at, text.length)
        : removed(0, at) + source + text.slice(at);
    const tag = `<${child.tagName}>`;
    moved.push({
      text: whole,
      fault: {
        kind: 'element',
        start: child.start,
        end: child.openEnd,
        element: child.tagName,
        parent: root.tagName,
        message: `the schema allows ${tag} here, but libxml2, and so virsh, does not`,
        hint: `put ${tag} after <${neighbour.tagName}>`,
      },
    });
  }
  return moved.slice(0, MOST_TRIED);
}
