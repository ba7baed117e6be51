import { chmodSync, writeFileSync } from 'node:fs';
import { type SimulatedRoot, UUID } from '../hook/simulated-root.js';
import type { PrivateLibvirtd } from '../support/private-libvirtd.js';
import type { TemporaryFolder } from '../support/temporary-folder.js';

/** Adds to a domain's XML the hostdevs that exist only on the simulated host, so that no machine needs them. */
const device = (bus: string, slot: string, fn: string) =>
  `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source></hostdev>`;
const ADD_DEVICES = `sed "s|<devices>|<devices>${device('06', '12', '5')}${device('07', '00', '0')}|"`;

/** A small emulated domain with policies for these devices. */
export function guestXml(entries: string): string {
  return `<domain type='qemu'>
  <name>guest</name>
  <uuid>${UUID}</uuid>
  <metadata><hostdevs xmlns="urn:hostdev-cpuset:1">${entries}</hostdevs></metadata>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><memballoon model='none'/></devices>
</domain>`;
}

/** The policy of `startGuest`: the vectors follow the vCPUs, which are on CPUs 2 and 3. */
export const POLICY = '<hostdev address="0000:06:12.5" cpuset="auto"/><hostdev address="0000:07:00.0" cpuset="4-5"/>';

/** Defines and starts a guest with this policy. */
export async function startGuest({ succeeds }: PrivateLibvirtd, root: TemporaryFolder): Promise<void> {
  await succeeds('define', root.write('guest.xml', guestXml(POLICY)));
  await succeeds('start', 'guest');
}

/** Whether the interrupts have the targets of POLICY. */
export const isPlaced = (root: SimulatedRoot) => root.affinities().join() === '2-3,2-3,2-3,4-5';

/**
 * Installs the hook: the front, which gets the XML with the devices. The INTx line loses its handler with QEMU, as on a
 * host.
 */
export function installWrapper(directory: string, root: TemporaryFolder, front: string): void {
  const wrapper = `#!/bin/sh
cd '${root.path}'
case $2 in
  prepare) echo 'vfio-intx(0000:07:00.0)' >sys/kernel/irq/16/actions ;;
  stopped) echo >sys/kernel/irq/16/actions ;;
esac
${ADD_DEVICES} | sh '${front}' "$@" >>stdout 2>>stderr
`;
  const path = `${directory}/etc/libvirt/hooks/qemu`;
  writeFileSync(path, wrapper);
  chmodSync(path, 0o755);
}

/** A directory for PATH with a virsh that adds the devices, too. */
export function virshWithDevices(root: TemporaryFolder): string {
  const script = `#!/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
case " $* " in
  *" dumpxml "*) virsh "$@" | ${ADD_DEVICES} ;;
  *) exec virsh "$@" ;;
esac
`;
  chmodSync(root.write('bin/virsh', script), 0o755);
  return root.join('bin');
}
