import type { XmlAttribute, XmlElement } from '../../xml/element.js';

/** A name in a document: '' is no namespace. */
export interface Name {
  ns: string;
  local: string;
}

export const nameOf = ({ namespaceURI, localName }: XmlElement): Name => ({ ns: namespaceURI ?? '', local: localName });

export const attributeName = ({ name, uri }: XmlAttribute): Name => ({
  ns: uri,
  local: name.slice(name.indexOf(':') + 1),
});

/** The attributes that a schema knows of: no declarations of namespaces. */
export function attributesIn(element: XmlElement): XmlAttribute[] {
  return element.attributes.filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'));
}
