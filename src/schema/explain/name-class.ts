/**
 * The names that an `<element>` or `<attribute>` of a grammar allows (RELAX NG 4.16). An empty ns means no namespace.
 */
export type NameClass =
  | { kind: 'name'; ns: string; local: string }
  | { kind: 'any'; except?: NameClass }
  | { kind: 'ns'; ns: string; except?: NameClass }
  | { kind: 'choice'; of: readonly NameClass[] };

export function containsName(names: NameClass, ns: string, local: string): boolean {
  switch (names.kind) {
    case 'name':
      return names.local === local && names.ns === ns;
    case 'any':
      return !(names.except && containsName(names.except, ns, local));
    case 'ns':
      return names.ns === ns && !(names.except && containsName(names.except, ns, local));
    case 'choice':
      return names.of.some((each) => containsName(each, ns, local));
  }
}

/** The literal local names; none for a wildcard. */
export function spelledNames(names: NameClass): string[] {
  if (names.kind === 'name') return [names.local];
  return names.kind === 'choice' ? names.of.flatMap(spelledNames) : [];
}

/**
 * One of 32 bits for a local name. With the bits of the names that a pattern allows, most other names are rejected
 * without looking at its parts.
 */
export function bitOf(local: string): number {
  const last = local.length - 1;
  return 1 << ((local.charCodeAt(0) + 3 * local.charCodeAt(last) + 5 * last) & 31);
}

/** The bits of all names; all bits for a wildcard. */
export function bitsOf(names: NameClass): number {
  if (names.kind === 'name') return bitOf(names.local);
  return names.kind === 'choice' ? names.of.reduce((bits, each) => bits | bitsOf(each), 0) : -1;
}
