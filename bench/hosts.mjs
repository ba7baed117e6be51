// A simulated host as a directory tree (for --root), on a tmpfs if possible, and the running guest with its devices.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHostDescription, SimulatedKernel, writeTree } from '../dist/modules/test/simulator/index.js';
import { folder } from './measure.mjs';

const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';
/** The mask of all CPUs: two nodes with 32 CPUs each. */
const EVERYWHERE = 'ffffffff,ffffffff\n';
export const WANTED = '00000000,0000ff00';

/** A host with one guest that has `devices` devices with `vectors` interrupts each. The target is CPUs 8 to 15. */
export class BenchHost {
  path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'hostdev-cpuset-bench-'));

  constructor(devices, vectors) {
    this.addresses = Array.from({ length: devices }, (_, index) => addressOf(index));
    const interrupts = (device) =>
      Array.from({ length: vectors }, (_, vector) => ({ irq: 100 + device * vectors + vector, type: 'msix' }));
    this.irqs = this.addresses.flatMap((_, device) => interrupts(device).map(({ irq }) => irq));
    const description = {
      cpus: { present: '0-63' },
      nodes: [
        { node: 0, cpus: '0-31' },
        { node: 1, cpus: '32-63' },
      ],
      devices: this.addresses.map((address, index) => ({
        address,
        driver: 'vfio-pci',
        numaNode: 0,
        interrupts: interrupts(index),
      })),
      domains: [{ name: 'guest', uuid: UUID, pid: 4242, vcpus: [{ vcpu: 0, cpus: '8-15' }] }],
    };
    writeTree(new SimulatedKernel(parseHostDescription(JSON.stringify(description))), this.path);
    // A real kernel has this file for every interrupt. writeTree omits it, because files cannot follow a changed mask.
    for (const irq of this.irqs)
      writeFileSync(join(this.path, `proc/irq/${irq}/effective_affinity`), `00000000,00000100\n`);
    this.xml = xmlOf(this.addresses);
  }

  /** Restores the state before the first write. */
  reset() {
    for (const irq of this.irqs) writeFileSync(join(this.path, `proc/irq/${irq}/smp_affinity`), EVERYWHERE);
    rmSync(join(this.path, 'run/hostdev-cpuset'), { recursive: true, force: true });
    // Same mode as in service/tmpfiles.conf.
    mkdirSync(join(this.path, 'run/hostdev-cpuset'), { recursive: true, mode: 0o700 });
  }

  remove() {
    rmSync(this.path, { recursive: true });
  }
}

/** The address of a device. Uses further PCI domains when one is full. */
function addressOf(index) {
  const hex = (value, digits) => value.toString(16).padStart(digits, '0');
  return `${hex(index >> 16, 4)}:${hex((index >> 8) & 0xff, 2)}:${hex((index >> 3) & 0x1f, 2)}.${index & 7}`;
}

function xmlOf(addresses) {
  const devices = addresses.map((address) => {
    const [domain, bus, slot, fn] = address.split(/[:.]/).map((part) => `0x${part}`);
    return `    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='${domain}' bus='${bus}' slot='${slot}' function='${fn}'/></source>
    </hostdev>`;
  });
  return `<domain type='kvm' id='1'>
  <name>guest</name>
  <uuid>${UUID}</uuid>
  <metadata><hostdevs xmlns='urn:hostdev-cpuset:1' default='auto'/></metadata>
  <vcpu placement='static' cpuset='8-15'>8</vcpu>
  <devices>
${devices.join('\n')}
  </devices>
</domain>
`;
}
