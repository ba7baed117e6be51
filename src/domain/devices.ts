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
  attribute?: StatedPolicy;
  /** its alias; libvirt keeps only a valid user alias */
  alias?: { name: string; node: XmlElement };
  /** the host's PCI device, if the definition names it */
  source?: ParsedAddress & { node: XmlElement };
  /** lower case; undefined if absent or invalid */
  mac?: string;
  /** identifies it in a new metadata entry; undefined if it has nothing permanent */
  identity?: Identity;
}

/** All hostdevs and interfaces, in document order. */
export function readDevices(document: XmlDocument): Device[] {
  return select('/domain/devices/*', document)
    .filter(({ tagName, namespaceURI }) => !namespaceURI && (tagName === 'hostdev' || tagName === 'interface'))
    .map((node) => readDevice(document, node));
}

function readDevice(document: XmlDocument, node: XmlElement): Device {
  const element = node.tagName as Device['element'];
  const type = node.getAttribute('type') ?? '';
  const device: Device = {
    element,
    node,
    label: labelOf(node, type),
    placeable: isPlaceable(node, type),
  };
  const stated = readStatedPolicy(document, node);
  if (stated) device.attribute = stated;
  const alias = firstBelow(node, 'alias');
  if (alias) device.alias = { name: alias.getAttribute('name') ?? '', node: alias };
  const address = type === 'network' ? undefined : firstBelow(node, 'source', 'address');
  if (address && device.placeable) {
    const { address: canonical, problems } = readAddress(fieldsOf(address));
    device.source = { address: canonical, problems, node: address };
  }
  const mac = element === 'interface' ? firstBelow(node, 'mac')?.getAttribute('address') : undefined;
  const canonical = mac ? canonicalMac(mac) : undefined;
  if (canonical !== undefined) device.mac = canonical;
  const identity = device.placeable ? identityOf(device, type) : undefined;
  if (identity) device.identity = identity;
  return device;
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
function identityOf({ alias, source, mac }: Device, type: string): Identity | undefined {
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
