import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../support/until.js';
import { BootedSystem, SHARED } from './booted-system.js';
import { SimulatedDevices } from './simulated-devices.js';

/** CPU 1 for the two vectors that follow the vCPUs, CPU 0 for the other. */
const HELD = [2, 2, 1];

/** libvirtd cannot raise the limit on a machine that does not give root CAP_SYS_RESOURCE. */
const lockedBytes = Number(/^Max locked memory\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);

/** An emulated guest with the two simulated devices. */
const DEFINITION = `<domain type='qemu'>
  <name>guest</name>
  <uuid>6f0d1c2e-3b4a-5c6d-8e7f-001122334455</uuid>
  <memory unit='MiB'>32</memory>
  <memtune><hard_limit unit='b'>${lockedBytes || 64 * 1024 * 1024}</hard_limit></memtune>
  <vcpu>2</vcpu>
  <cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='1'/></cputune>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <emulator>/usr/local/bin/qemu-without-vfio</emulator>
    <hostdev mode='subsystem' type='pci' managed='no' cpuset='auto'>
      <source><address domain='0x0000' bus='0xa6' slot='0x00' function='0x0'/></source>
    </hostdev>
    <hostdev mode='subsystem' type='pci' managed='no' cpuset='0'>
      <source><address domain='0x0000' bus='0xa7' slot='0x00' function='0x0'/></source>
    </hostdev>
    <memballoon model='none'/>
  </devices>
</domain>
`;

/** Only the kernel's part of passing a device through is simulated, so QEMU does not get the devices. */
const EMULATOR = `#!/bin/bash
words=()
while (($#)); do
  case $1/$2 in
    -device/*vfio-pci*) shift 2 ;;
    *) words+=("$1"); shift ;;
  esac
done
exec /usr/bin/qemu-system-x86_64 "\${words[@]}"
`;

// A limit of memory needs a memory controller, unless there are no cgroups at all.
const WITHOUT_CGROUPS = `[Service]
PrivateMounts=yes
ExecStart=
ExecStart=/bin/sh -c 'umount --lazy /sys/fs/cgroup; exec /usr/sbin/libvirtd --timeout 120'
`;

/**
 * Boots a root with libvirt and the guest's devices, and ends it after the action.
 * @param shared a folder that the system sees as SHARED; is made
 */
export async function onBootedHost(
  root: string,
  shared: string,
  action: (system: BootedSystem, devices: SimulatedDevices) => Promise<void>,
): Promise<void> {
  mkdirSync(shared, { recursive: true });
  const devices = new SimulatedDevices(shared);
  devices.showToService(root);
  prepareLibvirt(root, shared);
  const system = await BootedSystem.boot(root, shared);
  try {
    await devices.putInto(system);
    await action(system, devices);
  } finally {
    await system.end();
  }
}

/** Before the system boots. */
function prepareLibvirt(root: string, shared: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('etc/libvirt/qemu.conf', 'security_driver = "none"\nnamespaces = []\n');
  write('etc/systemd/system/libvirtd.service.d/without-cgroups.conf', WITHOUT_CGROUPS);
  write('usr/local/bin/qemu-without-vfio', EMULATOR);
  chmodSync(join(root, 'usr/local/bin/qemu-without-vfio'), 0o755);
  writeFileSync(join(shared, 'guest.xml'), DEFINITION);
}

/** Defines the guest, whose policies libvirt would drop, and starts it. */
export async function startGuest(system: BootedSystem): Promise<void> {
  await system.succeeds('hostdev-cpuset', 'define', `${SHARED}/guest.xml`);
  assert.not.match(await system.succeeds('virsh', 'dumpxml', '--inactive', 'guest'), /<hostdev mode[^>]*cpuset/);
  await system.succeeds('virsh', 'start', 'guest');
}

/** The watcher has placed the guest's interrupts, and repairs them. */
export async function assertHeld(system: BootedSystem, devices: SimulatedDevices, when: string): Promise<void> {
  await untilHeld(system, devices, when);
  devices.disturb();
  await untilHeld(system, devices, `${when}, repaired`);
}

async function untilHeld(system: BootedSystem, devices: SimulatedDevices, when: string): Promise<void> {
  try {
    await until(`held: ${when}`, () => isHeld(devices));
  } catch (error) {
    const { stdout } = await system.run('journalctl', '--no-pager', '--identifier=hostdev-cpuset', '--lines=50');
    console.error(`masks ${devices.masks()}, journal:\n${stdout}`);
    throw error;
  }
}

export const isHeld = (devices: SimulatedDevices) => devices.masks().join() === HELD.join();
