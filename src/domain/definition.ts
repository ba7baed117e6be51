import { InputError } from '../lib/input-error.js';
import type { XmlDocument } from '../xml/document.js';
import { select } from '../xml/select.js';
import { type Device, readDevices } from './devices.js';
import { type PolicyMetadata, readMetadata } from './metadata.js';
import { readVcpuPinning, type VcpuPinning } from './vcpu-pinning.js';

/** The parts of a domain definition that concern its devices' interrupts. */
export interface Definition {
  document: XmlDocument;
  name: string;
  uuid: string | undefined;
  devices: Device[];
  /** libvirt keeps only the first; lint reports the others as errors */
  metadata: PolicyMetadata[];
  vcpuPinning: VcpuPinning;
  /** @deprecated the name of `vcpuPinning` in 0.1.0 */
  placement: VcpuPinning;
}

/** Other documents of libvirt that contain a definition, or from which a definition can be obtained. */
const OTHER_DOCUMENTS: Readonly<Record<string, { what?: string; hint: string }>> = {
  domstatus: {
    what: ', but the state of a running one',
    hint: 'take the <domain> inside of it, or the output of virsh dumpxml DOMAIN',
  },
  domainsnapshot: { what: ', but a snapshot of one', hint: 'take the output of virsh dumpxml DOMAIN' },
  domaincheckpoint: { what: ', but a checkpoint of one', hint: 'take the output of virsh dumpxml DOMAIN' },
  domainbackup: { what: ', but a backup job', hint: 'take the output of virsh dumpxml DOMAIN' },
  Domain: { hint: '<domain>' },
  DOMAIN: { hint: '<domain>' },
  devices: { what: ', but a part of one', hint: 'take the output of virsh dumpxml DOMAIN' },
};

/** @throws InputError if the document is not a libvirt domain */
export function readDefinition(document: XmlDocument): Definition {
  const { root } = document;
  if (root.tagName !== 'domain' || root.namespaceURI !== null) {
    const namespace =
      root.namespaceURI === null ? '' : ` in the namespace ${JSON.stringify(root.namespaceURI.slice(0, 80))}`;
    const { what = '', hint } = OTHER_DOCUMENTS[root.tagName] ?? {};
    throw new InputError(`<${root.tagName}>${namespace} is not a libvirt domain${what}`, root.start, hint);
  }
  const text = (name: string) => select(`/domain/${name}`, document)[0]?.textContent;
  const vcpuPinning = readVcpuPinning(document);
  return {
    document,
    // not trimmed: libvirt keeps the spaces
    name: text('name') ?? '',
    uuid: text('uuid')?.trim() || undefined,
    devices: readDevices(document),
    metadata: readMetadata(document),
    vcpuPinning,
    placement: vcpuPinning,
  };
}
