import { withoutInvisible } from '../../lib/invisible.js';
import { similar } from '../../lib/similar.js';
import type { XmlDocument } from '../../xml/document.js';
import type { XmlAttribute, XmlElement } from '../../xml/element.js';
import { libvirtNamespace } from '../../xml/namespaces.js';
import { MOST_SHOWN, shortened, written } from './wording.js';

export { similar };

/** Where an attribute or element belongs: its form, and the element. */
export interface Elsewhere {
  kind: 'attribute' | 'element';
  on: { tagName: string };
}

export function attributeElsewhere(attribute: XmlAttribute, { kind, on }: Elsewhere): string {
  const tag = `<${shortened(on.tagName)}>`;
  if (kind === 'attribute') return `put ${written(attribute)} on ${tag}`;
  const name = shortened(attribute.name);
  return `write <${name}>${shortened(attribute.value)}</${name}> in ${tag}`;
}

export function elementElsewhere({ tagName, textContent }: XmlElement, { kind, on }: Elsewhere): string {
  const tag = `<${shortened(on.tagName)}>`;
  if (kind === 'element') return `put <${shortened(tagName)}> in ${tag}`;
  return `write ${shortened(tagName)}="${shortened(textContent.trim())}" on ${tag}`;
}

/** The declaration for a known prefix of libvirt. */
export function foreignNamespace({ tagName, namespaceURI }: XmlElement): string | undefined {
  const prefix = /^([^:]*):/.exec(tagName)?.[1] ?? '';
  const expected = libvirtNamespace(prefix);
  return expected === undefined || expected === namespaceURI ? undefined : `xmlns:${prefix}='${expected}'`;
}

/** Words of one meaning. An edit distance would take `no` for `on`. */
const SWITCHES = [
  ['yes', 'on', 'true', '1', 'enable', 'enabled'],
  ['no', 'off', 'false', '0', 'disable', 'disabled'],
];

/** The allowed word with the meaning of a value, such as `yes` for `true`; otherwise a similar one. */
export function nearestValue(value: string, allowed: readonly string[]): string | undefined {
  const words = SWITCHES.find((each) => each.includes(value.toLowerCase()));
  const same = words && allowed.filter((each) => words.includes(each));
  return same?.length === 1 ? same[0] : similar(value, allowed);
}

/** A MAC address as Windows and some switches print it. */
const MAC_WITH_HYPHENS = /^(?:[\da-f]{2}-){5}[\da-f]{2}$/i;

/**
 * A value without special spaces, white space around it and the plus of a number, or a MAC address with colons, if that
 * is allowed.
 */
export function tidied(value: string, isAllowed: (value: string) => boolean): string | undefined {
  if (value.length > MOST_SHOWN) return undefined;
  const tidy = withoutInvisible(value).trim();
  const candidates = [tidy, tidy.replace(/^\+(?=\d)/, '')];
  if (MAC_WITH_HYPHENS.test(tidy)) candidates.push(tidy.replaceAll('-', ':'));
  return candidates.find((each) => each !== value && each !== '' && isAllowed(each));
}

/** A PCI address in the format of lspci and sysfs. */
const PRINTED = /(?<![\w.:])(?:([\da-f]{4}):)?([\da-f]{2}):([01][\da-f])\.([0-7])(?![\w.:])/i;

/**
 * The `<source>` or `<address>` that a hostdev of a PCI device lacks, with the address that the hostdev has in another
 * form.
 */
export function sourceHint({ text }: XmlDocument, element: XmlElement, missing: readonly string[]): string | undefined {
  const hostdev = element.tagName === 'source' ? element.parent : element;
  if (hostdev?.tagName !== 'hostdev' || hostdev.getAttribute('type') !== 'pci') return undefined;
  const lacks = missing.length === 1 ? missing[0] : undefined;
  if (lacks !== (element === hostdev ? 'source' : 'address')) return undefined;
  const [, domain = '0000', bus, slot, pciFunction] = PRINTED.exec(text.slice(element.start, element.end)) ?? [];
  const address =
    bus === undefined
      ? "<address domain='…' bus='…' slot='…' function='…'/>"
      : `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${pciFunction}'/>`;
  return lacks === 'source' ? `<source>${address}</source>` : address;
}
