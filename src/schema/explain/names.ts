import type { XmlAttribute, XmlElement } from '../../xml/element.js';

/** A name in a document: '' is no namespace. */
export interface Name {
  ns: string;
  local: string;
  /** both, for maps */
  key: string;
}

export const nameOf = ({ namespaceURI, localName }: XmlElement): Name =>
  namespaceURI === null
    ? { ns: '', local: localName, key: localName }
    : { ns: namespaceURI, local: localName, key: `${localName} ${namespaceURI}` };

export function attributeName({ name, uri }: XmlAttribute): Name {
  const local = name.slice(name.indexOf(':') + 1);
  return { ns: uri, local, key: uri === '' ? local : `${local} ${uri}` };
}

/** The attributes that a schema knows of: no declarations of namespaces. */
export function attributesIn(element: XmlElement): readonly XmlAttribute[] {
  const { attributes } = element;
  return attributes.some(isDeclaration) ? attributes.filter((each) => !isDeclaration(each)) : attributes;
}

const isDeclaration = ({ name }: XmlAttribute) => name === 'xmlns' || name.startsWith('xmlns:');
