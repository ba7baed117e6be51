import type { XmlAttribute, XmlElement } from '../../xml/element.js';

/** A name in a document; uri '': no namespace. */
export interface Name {
  ns: string;
  local: string;
  /** both, as key of maps */
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

/** The attributes that a schema describes: all except namespace declarations. */
export function attributesIn(element: XmlElement): readonly XmlAttribute[] {
  const { attributes } = element;
  return attributes.some(isDeclaration) ? attributes.filter((each) => !isDeclaration(each)) : attributes;
}

const isDeclaration = ({ name }: XmlAttribute) => name === 'xmlns' || name.startsWith('xmlns:');
