let collator: Intl.Collator | undefined;

/**
 * `vnf-2` comes before `vnf-10`. The collator is made once: localeCompare() would make one for each comparison. It
 * takes longer than linting a small document, and few names need it.
 */
export function compareNames(a: string, b: string): number {
  if (PLAIN.test(a) && PLAIN.test(b)) return comparePlain(a, b);
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b);
}

const PLAIN = /^[\w.+-]*$/;
/** The collator's order. A number has the place of 0. */
const ORDER = '_-.+0abcdefghijklmnopqrstuvwxyz';

/** As the collator does. */
function comparePlain(a: string, b: string): number {
  const [inA, inB] = [partsOf(a), partsOf(b)];
  for (const [index, part] of inA.entries()) {
    const other = inB[index];
    if (other === undefined) return 1;
    const difference = placeOf(part) - placeOf(other) || compareNumbers(part, other);
    if (difference !== 0) return difference;
  }
  return inA.length < inB.length ? -1 : compareCase(inA, inB);
}

/** Numbers, and single other characters. */
const partsOf = (name: string): readonly string[] => name.match(/\d+|\D/g) ?? [];
const placeOf = (part: string) => ORDER.indexOf(/^\d/.test(part) ? '0' : part.toLowerCase());

/** A number may have any number of digits. 0 for other parts. */
function compareNumbers(a: string, b: string): number {
  if (!/^\d/.test(a)) return 0;
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Small letters come before capitals, if there is no other difference. */
function compareCase(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((part, at) => /\D/.test(part) && part !== b[at]);
  return index < 0 ? 0 : a[index] === a[index]?.toLowerCase() ? -1 : 1;
}
