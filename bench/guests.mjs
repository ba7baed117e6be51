// Different domain definitions of about 3 KB each, typical of a host with passed-through devices.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './measure.mjs';

/** Writes the definitions of `count` guests. Returns the paths of the files. */
export function writeGuests(count, prefix = 'guest', options = {}) {
  return Array.from({ length: count }, (_, number) => {
    const file = join(folder, `${prefix}-${number}.xml`);
    writeFileSync(file, guest(number, options));
    return file;
  });
}

/** Mistakes of the kinds that people make. */
const MISTAKES = [
  ["<boot dev='hd'/>", "<boot device='hd'/>"],
  ["cache='none'/>", "cache='no'/>"],
  ['<memballoon model', '<memballon model'],
  ["<model type='virtio'/>", "<model type='virtio'/><model type='e1000'/>"],
];

/** As writeGuests, each with a mistake. */
export function writeFaultyGuests(count) {
  return Array.from({ length: count }, (_, number) => {
    const file = join(folder, `faulty-${number}.xml`);
    const [right, wrong] = MISTAKES[number % MISTAKES.length];
    writeFileSync(file, guest(number).replace(right, wrong));
    return file;
  });
}

/**
 * A guest with pinned vCPUs and `devices` passed-through devices (about 200 bytes each). The same number gives the same
 * guest. Without `policies` the definition is valid against libvirt's own schema.
 */
export function guest(number, { devices = 8, policies = true } = {}) {
  const cpus = Array.from({ length: 2 + (number % 7) }, (_, index) => 2 + ((number * 3 + index) % 60));
  const pins = cpus.map((cpu, vcpu) => `    <vcpupin vcpu='${vcpu}' cpuset='${cpu}'/>`);
  return `<domain type='kvm'>
  <name>guest-${number}</name>
  <uuid>${uuid(number)}</uuid>
  <memory unit='MiB'>${1024 * (1 + (number % 16))}</memory>
  <vcpu placement='static'>${cpus.length}</vcpu>
  <cputune>
${pins.join('\n')}
    <emulatorpin cpuset='0-1'/>
  </cputune>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-passthrough' check='none'/>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='hpet' present='no'/>
  </clock>
  <!-- storage of tenant ${number % 40} -->
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/var/lib/libvirt/images/guest-${number}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='${mac(number, 0xffffff)}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
${Array.from({ length: devices }, (_, index) => device(number, index, policies)).join('\n')}
    <serial type='pty'>
      <target port='0'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

const POLICIES = [" cpuset='auto'", '', " cpuset='2-5'", " cpuset='native'", " cpuset='8,10-12'"];

/** A hostdev or an interface, with a unique address, alias or MAC address. */
function device(number, index, policies) {
  const policy = policies ? POLICIES[(number + index) % POLICIES.length] : '';
  const address = pciAddress(index);
  if (index % 3 === 1) {
    return `    <interface type='hostdev' managed='yes'${policy}>
      <mac address='${mac(number, index)}'/>
      <source>
        <address type='pci' ${address}/>
      </source>
    </interface>`;
  }
  const alias = index % 3 === 2 ? `\n      <alias name='ua-device-${index}'/>` : '';
  return `    <hostdev mode='subsystem' type='pci' managed='yes'${policy}>
      <source>
        <address ${address}/>
      </source>${alias}
    </hostdev>`;
}

/** Unique for all addresses in 65,536 PCI domains. */
function pciAddress(index) {
  const [domain, bus, slot] = [index >> 16, (index >> 8) & 0xff, (index >> 3) & 0x1f];
  return `domain='${hex(domain, 4)}' bus='${hex(bus, 2)}' slot='${hex(slot, 2)}' function='${hex(index & 7, 1)}'`;
}

const hex = (value, digits) => `0x${value.toString(16).padStart(digits, '0')}`;

function mac(number, index) {
  const tail = [number & 0xff, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff];
  return ['52', '54', ...tail.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function uuid(number) {
  return `6f1d2c3b-4a59-4687-9abc-${number.toString(16).padStart(12, '0')}`;
}
