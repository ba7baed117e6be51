/** An element as found by the scan; offsets are UTF-16, with the meaning of src/xml/document.ts. */
export interface Scanned {
  name: string;
  start: number;
  openEnd: number;
  closeStart: number;
  end: number;
  attributes: { name: string; value: string; start: number; end: number }[];
}

const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;

/**
 * Finds the elements of a well-formed document by markup, in document order, without a parser: an independent result
 * for comparison.
 */
export function scanElements(text: string): Scanned[] {
  const found: Scanned[] = [];
  const open: Scanned[] = [];
  for (const match of text.matchAll(MARKUP)) {
    const [whole, closed, name, inside = '', slash] = match;
    const end = match.index + whole.length;
    if (closed !== undefined) Object.assign(open.pop() as Scanned, { closeStart: match.index, end });
    if (name === undefined) continue;
    const attributes = [...inside.matchAll(/([^\s=]+)\s*=\s*("[^"]*"|'[^']*')/g)].map((attribute) => {
      const start = match.index + 1 + name.length + attribute.index;
      return {
        name: attribute[1] as string,
        value: (attribute[2] as string).slice(1, -1),
        start,
        end: start + attribute[0].length,
      };
    });
    const element = { name, start: match.index, openEnd: end, closeStart: end, end, attributes };
    found.push(element);
    if (!slash) open.push(element);
  }
  return found;
}
