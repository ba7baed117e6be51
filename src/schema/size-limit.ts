import type { XmlElement } from '../xml/element.js';

/**
 * Maximum number of pairs of sibling elements in a document that is validated: 31,600 children of one element, or fewer
 * of each of several. libxml2's time grows with these pairs, and is 2 to 3 seconds for this many (measured with 2.9 and
 * 2.15). A hundred devices have 5,000 pairs.
 */
const MAX_SIBLING_PAIRS = 500_000_000;
/** This many pairs need at least 31,600 elements, each at least as long as `<a/>`. */
const MIN_LENGTH_TO_COUNT = 4 * 31_600;

export interface SiblingPairs {
  pairs: number;
  /** the element with the most children */
  largest: XmlElement;
}

export function countSiblingPairs(root: XmlElement): SiblingPairs {
  let pairs = 0;
  let maxChildren = 0;
  let largest = root;
  const count = (element: XmlElement): void => {
    let children = 0;
    for (const child of element.content) {
      if (typeof child === 'string') continue;
      children++;
      count(child);
    }
    pairs += (children * (children - 1)) / 2;
    if (children <= maxChildren) return;
    maxChildren = children;
    largest = element;
  };
  count(root);
  return { pairs, largest };
}

/** The element with the most children if the document has too many siblings for validation. */
export function oversizedElement(root: XmlElement): XmlElement | undefined {
  if (root.end - root.start < MIN_LENGTH_TO_COUNT) return undefined;
  const { pairs, largest } = countSiblingPairs(root);
  return pairs > MAX_SIBLING_PAIRS ? largest : undefined;
}
