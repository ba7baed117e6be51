import type { XmlElement } from '../xml/element.js';

/**
 * Most pairs of siblings in a document that a schema is asked about: 31,600 elements in one, or fewer in each of several. libxml2's time grows
 * with them, and is 2 to 3 seconds there (measured with 2.9 and 2.15). A hundred devices make 5,000.
 */
const MOST_PAIRS = 500_000_000;
/** No fewer elements than these 31,600 have so many pairs, and none is shorter than `<a/>`. */
const FEWEST_CHARACTERS = 4 * 31_600;

export interface OversizedElement {
  pairs: number;
  /** the element with the most children */
  largest: XmlElement;
}

export function oversizedIn(root: XmlElement): OversizedElement {
  let pairs = 0;
  let most = 0;
  let largest = root;
  const count = (element: XmlElement): void => {
    let children = 0;
    for (const child of element.content) {
      if (typeof child === 'string') continue;
      children++;
      count(child);
    }
    pairs += (children * (children - 1)) / 2;
    if (children <= most) return;
    most = children;
    largest = element;
  };
  count(root);
  return { pairs, largest };
}

/** The element with the most children, of a document with more siblings than a schema is asked about. */
export function oversizedElement(root: XmlElement): XmlElement | undefined {
  if (root.end - root.start < FEWEST_CHARACTERS) return undefined;
  const { pairs, largest } = oversizedIn(root);
  return pairs > MOST_PAIRS ? largest : undefined;
}
