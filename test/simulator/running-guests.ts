import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHostDescription, SimulatedKernel, writeTree } from './index.js';

/** A guest that runs, with one device a list of interrupts. */
export interface RunningGuest {
  name: string;
  /** of its vCPUs, one each */
  cpus: readonly number[];
  devices: readonly {
    node: number;
    policy?: string;
    interrupts: readonly { affinity: string; effective: string; counts?: Record<string, number> }[];
  }[];
}

/**
 * Lays out below `root` a host with two nodes and guests that run, as libvirt keeps them in /run: for commands with
 * --root.
 */
export function layOutRunning(root: string, cpus: number, guests: readonly RunningGuest[]): void {
  let irq = 100;
  let bus = 0;
  const placed = guests.map((guest, index) => {
    const devices = guest.devices.map(({ interrupts, ...device }) => ({
      ...device,
      address: addressOf(bus++),
      interrupts: interrupts.map((one) => ({ irq: irq++, type: 'msix', counts: {}, ...one })),
    }));
    return { ...guest, devices, uuid: uuidOf(index), pid: 5000 + index };
  });
  const half = cpus / 2;
  const description = {
    cpus: { present: `0-${cpus - 1}` },
    nodes: [
      { node: 0, cpus: `0-${half - 1}` },
      { node: 1, cpus: `${half}-${cpus - 1}` },
    ],
    devices: placed.flatMap(({ devices }) =>
      devices.map(({ address, node, interrupts }) => ({ address, driver: 'vfio-pci', numaNode: node, interrupts })),
    ),
    domains: placed.map(({ name, uuid, pid, cpus: pinned }) => ({
      ...{ name, uuid, pid },
      vcpus: pinned.map((cpu, vcpu) => ({ vcpu, cpus: `${cpu}` })),
    })),
  };
  writeTree(new SimulatedKernel(parseHostDescription(JSON.stringify(description))), root, { delivered: true });
  const folder = join(root, 'run/libvirt/qemu');
  mkdirSync(folder, { recursive: true });
  for (const [index, guest] of placed.entries())
    writeFileSync(join(folder, `${guest.name}.xml`), statusXml(guest, index + 1));
}

const uuidOf = (index: number) => `5b1c2ad4-9f0e-4c39-8a53-${index.toString(16).padStart(12, '0')}`;
const addressOf = (bus: number) =>
  `${(bus >> 7).toString(16).padStart(4, '0')}:${((bus & 127) + 16).toString(16)}:00.0`;

/** As libvirt writes it, with what matters here. */
function statusXml(
  {
    name,
    uuid,
    pid,
    cpus,
    devices,
  }: Omit<RunningGuest, 'devices'> & {
    uuid: string;
    pid: number;
    devices: readonly { address: string; policy?: string }[];
  },
  id: number,
): string {
  const hostdevs = devices.map(({ address }) => {
    const [domain, bus, slot, fn] = address.split(/[:.]/);
    return `      <hostdev mode='subsystem' type='pci' managed='yes'>
        <source><address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source>
      </hostdev>`;
  });
  const entries = devices.map(({ address, policy = 'auto' }) => `<hostdev address='${address}' cpuset='${policy}'/>`);
  const pins = cpus.map((cpu, vcpu) => `<vcpupin vcpu='${vcpu}' cpuset='${cpu}'/>`);
  return `<domstatus state='running' reason='booted' pid='${pid}'>
  <domain type='kvm' id='${id}'>
    <name>${name}</name>
    <uuid>${uuid}</uuid>
    <metadata><hostdevs xmlns='urn:hostdev-cpuset:1'>${entries.join('')}</hostdevs></metadata>
    <memory unit='KiB'>1048576</memory>
    <vcpu placement='static'>${cpus.length}</vcpu>
    <cputune>${pins.join('')}</cputune>
    <os><type>hvm</type></os>
    <devices>
${hostdevs.join('\n')}
    </devices>
  </domain>
</domstatus>
`;
}

/**
 * Guests with eight vCPUs and `devices` devices of `vectors` vectors each, whose every fifth device is on the other
 * node, and of which every third guest has a vector that is elsewhere.
 */
export function manyGuests(count: number, cpus: number, devices: number, vectors: number): RunningGuest[] {
  const half = cpus / 2;
  return Array.from({ length: count }, (_, index) => {
    const size = Math.min(8, half);
    const first = (index % 2) * half + ((Math.floor(index / 2) * size) % half);
    const own = Array.from({ length: size }, (_, cpu) => first + cpu);
    return {
      name: `vnf-${index}`,
      cpus: own,
      devices: Array.from({ length: devices }, (_, device) => ({
        node: index % 5 === 4 ? 1 - (index % 2) : index % 2,
        interrupts: Array.from({ length: vectors }, (_, vector) => {
          const isStray = index % 3 === 0 && device === 0 && vector === vectors - 1;
          const cpu = isStray ? (first + size) % cpus : first + (vector % size);
          const counts = { [cpu]: 1000 + ((index * 7919 + device * 31 + vector * 104_729) % 900_000) };
          return { affinity: isStray ? `0-${cpus - 1}` : `${first}-${first + size - 1}`, effective: `${cpu}`, counts };
        }),
      })),
    };
  });
}
