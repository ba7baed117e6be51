import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import { bitOf } from './name-class.js';

/** A name in a document; ns '': no namespace. */
export interface Name {
  ns: string;
  local: string;
  /** both, as key of maps */
  key: string;
  bit: number;
}

/** libvirt's schema has fewer than a thousand names; a document may have a hundred thousand others. */
const MOST_NAMES = 2000;
const plainNames = new Map<string, Name>();

/** A name in no namespace. */
export function nameWithoutNamespace(local: string): Name {
  const known = plainNames.get(local);
  if (known !== undefined) return known;
  const name = { ns: '', local, key: local, bit: bitOf(local) };
  if (plainNames.size < MOST_NAMES) plainNames.set(local, name);
  return name;
}

const nameIn = (ns: string, local: string): Name => ({ ns, local, key: `${local} ${ns}`, bit: bitOf(local) });

export function nameOf({ namespaceURI, localName }: XmlElement): Name {
  return namespaceURI === null ? nameWithoutNamespace(localName) : nameIn(namespaceURI, localName);
}

export function attributeName({ name, uri }: XmlAttribute): Name {
  return uri === '' ? nameWithoutNamespace(name) : nameIn(uri, name.slice(name.indexOf(':') + 1));
}

/** The attributes that a schema describes: all except namespace declarations. */
export function attributesIn(element: XmlElement): readonly XmlAttribute[] {
  const { attributes } = element;
  return attributes.some(isDeclaration) ? attributes.filter((each) => !isDeclaration(each)) : attributes;
}

export function isDeclaration({ name, uri }: XmlAttribute): boolean {
  return uri !== '' && (name === 'xmlns' || name.startsWith('xmlns:'));
}
