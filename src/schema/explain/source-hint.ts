import type { XmlDocument } from '../../xml/document.js';
import type { XmlElement } from '../../xml/element.js';

/** A PCI address as lspci and sysfs print it. */
const PRINTED = /(?<![\w.:])(?:([\da-f]{4}):)?([\da-f]{2}):([01][\da-f])\.([0-7])(?![\w.:])/i;

/** The `<source>` or `<address>` of a PCI device that a hostdev lacks, with the address that it states in another form. */
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
