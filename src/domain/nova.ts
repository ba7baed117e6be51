import type { XmlDocument } from '../xml/document.js';
import { select } from '../xml/select.js';

/** Nova's metadata, with a version at the end (Nova: nova/virt/libvirt/config.py, NOVA_NS). */
const NAMESPACE = 'http://openstack.org/xmlns/libvirt/nova/';

/** The flavor of an instance of OpenStack, which its administrators name. Undefined for other domains. */
export function novaFlavor(document: XmlDocument): string | undefined {
  const instance = select('/domain/metadata/*', document).find(
    ({ localName, namespaceURI }) => localName === 'instance' && namespaceURI?.startsWith(NAMESPACE),
  );
  for (const part of instance?.content ?? []) {
    if (typeof part === 'string' || part.localName !== 'flavor') continue;
    if (part.namespaceURI === instance?.namespaceURI) return part.getAttribute('name') || undefined;
  }
  return undefined;
}
