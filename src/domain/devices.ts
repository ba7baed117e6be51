import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { firstBelow, select } from '../xml/select.js';
import { type AddressFields, type ParsedAddress, readAddress } from './address.js';
import { canonicalMac, type Identity, isUserAlias } from './identity.js';
import { readStatedPolicy, type StatedPolicy } from './stated-policy.js';

/** The parts of a `<hostdev>` or `<interface>` that concern interrupts. */
export interface Device {
  element: 'hostdev' | 'interface';
  node: XmlElement;
  /** for messages: `hostdev type='usb'`, `interface type='network'` */
  label: string;
  /** it is, or may become, a PCI device with host interrupts: it can have a policy */
  placeable: boolean;
  /** its policy, if it has any of the attributes */
  attribute?: StatedPolicy | undefined;
  /** its alias; libvirt keeps only a valid user alias */
  alias?: { name: string; node: XmlElement } | undefined;
  /** the host's PCI device, if the definition names it */
  source?: (ParsedAddress & { node: XmlElement }) | undefined;
  /** lower case; undefined if absent or invalid */
  mac?: string | undefined;
  /** identifies it in a new metadata entry; undefined if it has nothing permanent */
  identity?: Identity | undefined;
}

/** All hostdevs and interfaces, in document order. */
export function readDevices(document: XmlDocument): Device[] {
  return select('/domain/devices/*', document)
    .filter(({ tagName, namespaceURI }) => !namespaceURI && (tagName === 'hostdev' || tagName === 'interface'))
    .map((node) => readDevice(document, node));
}

function readDevice(document: XmlDocument, node: XmlElement): Device {
  const type = node.getAttribute('type') ?? '';
  const placeable = isPlaceable(node, type);
  const named = firstBelow(node, 'alias');
  const alias = named && { name: named.getAttribute('name') ?? '', node: named };
  const address = type === 'network' || !placeable ? undefined : firstBelow(node, 'source', 'address');
  const source = address && sourceOf(address);
  const mac = node.tagName === 'interface' ? firstBelow(node, 'mac')?.getAttribute('address') : undefined;
  const canonical = mac ? canonicalMac(mac) : undefined;
  const identity = placeable ? identityOf({ alias, source, mac: canonical }, type) : undefined;
  return new DeviceInDomain(node, placeable, readStatedPolicy(document, node), alias, source, canonical, identity);
}

/** A class, because a domain may have fifty thousand: its label is made on demand. */
class DeviceInDomain implements Device {
  constructor(
    readonly node: XmlElement,
    readonly placeable: boolean,
    readonly attribute: Device['attribute'],
    readonly alias: Device['alias'],
    readonly source: Device['source'],
    readonly mac: string | undefined,
    readonly identity: Identity | undefined,
  ) {}

  get element(): Device['element'] {
    return this.node.tagName as Device['element'];
  }

  get label(): string {
    return labelOf(this.node, this.node.getAttribute('type') ?? '');
  }
}

function sourceOf(node: XmlElement): Device['source'] {
  const { address, problems } = readAddress(fieldsOf(node));
  return { address, problems, node };
}

/** The attribute that decides whether it can be a PCI device. */
function labelOf(node: XmlElement, type: string): string {
  const mode = node.getAttribute('mode');
  if (type === 'pci' && mode !== null && mode !== 'subsystem') return `${node.tagName} mode='${mode.slice(0, 24)}'`;
  return type ? `${node.tagName} type='${type.slice(0, 24)}'` : node.tagName;
}

/**
 * Only PCI devices have host interrupts of their own. Source: libvirt's formatdomain, hostdev and interface elements.
 */
function isPlaceable(node: XmlElement, type: string): boolean {
  if (node.tagName === 'interface') {
    // the persistent interface of a team is virtio, and often has the MAC of the transient one
    if (type === 'network') return firstBelow(node, 'teaming')?.getAttribute('type') !== 'persistent';
    const bus = firstBelow(node, 'source', 'address')?.getAttribute('type') ?? 'pci';
    return type === 'hostdev' && bus === 'pci';
  }
  return type === 'pci' && (node.getAttribute('mode') ?? 'subsystem') === 'subsystem';
}

/**
 * A valid user alias, otherwise the address, otherwise the MAC for type='network', whose address is chosen at each
 * start.
 */
function identityOf(
  { alias, source, mac }: Pick<Device, 'alias' | 'source' | 'mac'>,
  type: string,
): Identity | undefined {
  if (alias && isUserAlias(alias.name)) return { key: 'alias', value: alias.name };
  if (source?.address) return { key: 'address', value: source.address };
  if (type === 'network' && mac) return { key: 'mac', value: mac };
  return undefined;
}

function fieldsOf(address: XmlElement): AddressFields {
  return {
    domain: address.getAttribute('domain'),
    bus: address.getAttribute('bus'),
    slot: address.getAttribute('slot'),
    function: address.getAttribute('function'),
  };
}

/** All identities that an entry may use. In a live definition, the interface of a pool has an address and a MAC. */
export function identitiesOf({ placeable, alias, source, mac }: Device): Identity[] {
  if (!placeable) return [];
  const identities: Identity[] = [];
  if (alias && isUserAlias(alias.name)) identities.push({ key: 'alias', value: alias.name });
  if (source?.address) identities.push({ key: 'address', value: source.address });
  if (mac !== undefined) identities.push({ key: 'mac', value: mac });
  return identities;
}
