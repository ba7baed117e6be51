import { pathToFileURL } from 'node:url';
import type { TemporaryFolder } from './temporary-folder.js';

/**
 * A URI of libvirt's test driver with this running domain. Every connection is independent and forgets its changes.
 * Needs `virsh` of needs.ts.
 */
export function testDriver(folder: TemporaryFolder, domain: string): string {
  const file = folder.write('node.xml', `<node>\n${domain}\n</node>\n`);
  return `test://${pathToFileURL(file).pathname}`;
}

/** A domain that the test driver accepts, with this policy for its device. */
export function testDomain(name: string, cpuset: string): string {
  return `<domain type='test'><name>${name}</name><uuid>5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10</uuid><memory>8192</memory>
<metadata><hostdevs xmlns="urn:hostdev-cpuset:1"><hostdev address="0000:06:12.5" cpuset="${cpuset}"/></hostdevs></metadata>
<os><type>hvm</type></os><devices><hostdev mode='subsystem' type='pci'>
<source><address domain='0' bus='0x06' slot='0x12' function='5'/></source></hostdev></devices></domain>`;
}
