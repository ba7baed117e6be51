import { InputError } from '../lib/input-error.js';
import type { XmlDocument } from '../xml/document.js';
import { select } from '../xml/select.js';
import { type Device, readDevices } from './devices.js';
import { type PolicyMetadata, readMetadata } from './metadata.js';
import { readVcpuPinning, type VcpuPinning } from './vcpu-pinning.js';

/** What a domain definition says about its devices' interrupts. */
export interface Definition {
  document: XmlDocument;
  name: string;
  uuid: string | undefined;
  devices: Device[];
  /** more than one is an error that lint reports; the first is the one that libvirt keeps */
  metadata: PolicyMetadata[];
  vcpuPinning: VcpuPinning;
  /** @deprecated the name of `vcpuPinning` in 0.1.0 */
  placement: VcpuPinning;
}

/** @throws InputError where the document is something else than a domain */
export function readDefinition(document: XmlDocument): Definition {
  const { root } = document;
  if (root.tagName !== 'domain' || root.namespaceURI !== null) {
    const where =
      root.namespaceURI === null ? '' : ` of the namespace ${JSON.stringify(root.namespaceURI.slice(0, 80))}`;
    throw new InputError(`<${root.tagName}>${where} is not a libvirt domain`, document.rangeOf(root).start);
  }
  const text = (name: string) => select(`/domain/${name}`, document)[0]?.textContent;
  const vcpuPinning = readVcpuPinning(document);
  return {
    document,
    // with its spaces: libvirt keeps them
    name: text('name') ?? '',
    uuid: text('uuid')?.trim() || undefined,
    devices: readDevices(document),
    metadata: readMetadata(document),
    vcpuPinning,
    placement: vcpuPinning,
  };
}
