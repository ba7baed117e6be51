import { codePoint, invisibleIn } from '../../lib/invisible.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';

/** Maximum number of characters of a name or value in a message. */
export const MOST_SHOWN = 60;

/** `<type>xen</type>`, or the start of its tag. */
export function inShort({ tagName, children, textContent }: XmlElement): string {
  const tag = shortened(tagName);
  const text = textContent.trim();
  return children.length === 0 && text !== '' && text.length < 20 ? `<${tag}>${text}</${tag}>` : `<${tag}>`;
}

export function conjunction(names: readonly string[], word: 'and' | 'or'): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** On one line. Invisible characters and special spaces are shown by their number. */
export function shortened(value: string): string {
  const line = value
    .replace(/[ \t\r\n]+/g, ' ')
    .replace(/(?! )[\p{Z}\p{Cf}]/gu, (character) => `[${codePoint(character)}]`);
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
}

/** ` with a no-break space (U+00A0)` */
export function withInvisible(value: string): string {
  const invisible = invisibleIn(value);
  return invisible === undefined ? '' : ` with ${invisible}`;
}

/** `name="value"` */
export const written = ({ name, value }: XmlAttribute) => `${shortened(name)}="${shortened(value)}"`;

/** `<loader>`; `<source> in <disk>` for a part of a device, because other devices have parts of the same name. */
export function tagIn({ tagName, parent }: XmlElement): string {
  const tag = `<${shortened(tagName)}>`;
  return parent?.parent?.tagName === 'devices' ? `${tag} in <${shortened(parent.tagName)}>` : tag;
}
