import type { XmlElement } from '../xml/element.js';

/**
 * Most pairs of siblings in a document that a schema is asked about: 31,600 elements in one, or fewer in each of several. libxml2's time grows
 * with them, and is 2 to 3 seconds there (measured with 2.9 and 2.15). A hundred devices make 5,000.
 */
const MOST_PAIRS = 500_000_000;

export interface Crowd {
  pairs: number;
  /** the element with the most children */
  largest: XmlElement;
}

export function crowdIn(root: XmlElement): Crowd {
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
export function crowdedElement(root: XmlElement): XmlElement | undefined {
  const { pairs, largest } = crowdIn(root);
  return pairs > MOST_PAIRS ? largest : undefined;
}
