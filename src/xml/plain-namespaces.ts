import type { XmlAttribute } from './element.js';

/** Namespaces by prefix; '' is the default namespace. */
export type Scope = ReadonlyMap<string, string>;
export const NO_NAMESPACES: Scope = new Map();

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** The namespaces inside of a tag with these attributes; undefined if a declaration is unusual. */
export function scopeInside(around: Scope, attributes: readonly XmlAttribute[]): Scope | undefined {
  let scope: Map<string, string> | undefined;
  for (const { name, value } of attributes) {
    if (!isDeclaration(name)) continue;
    const prefix = name.slice(6);
    const isReserved = prefix.startsWith('xml') || value.startsWith('http://www.w3.org/');
    // saxes trims a namespace, which libxml2 does not
    if (isReserved || value !== value.trim() || (prefix !== '' && value === '')) return undefined;
    scope ??= new Map(around);
    scope.set(prefix, value);
  }
  return scope ?? around;
}

/** The namespace of an element: '' for none; undefined if its prefix is not declared. */
export function namespaceIn(scope: Scope, name: string): string | undefined {
  const colon = name.indexOf(':');
  return colon < 0 ? (scope.get('') ?? '') : scope.get(name.slice(0, colon));
}

/** Sets the namespaces of attributes. False if a prefix is not declared, or two attributes have the same full name. */
export function setNamespaces(attributes: readonly XmlAttribute[], scope: Scope): boolean {
  const known = new Set<string>();
  for (const attribute of attributes) {
    const { name } = attribute;
    const colon = name.indexOf(':');
    if (isDeclaration(name)) attribute.uri = XMLNS;
    else if (colon >= 0) {
      const uri = scope.get(name.slice(0, colon));
      const key = `${uri} ${name.slice(colon + 1)}`;
      if (uri === undefined || known.has(key)) return false;
      known.add(key);
      attribute.uri = uri;
    }
  }
  return true;
}

const isDeclaration = (name: string) => name === 'xmlns' || name.startsWith('xmlns:');
