import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { parseMask } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import type { HostDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { writeTree } from '../simulator/write-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

export const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';

/** A host of eight CPUs with a device that has three vectors, and two that have only their line. */
const HOST: HostDescription = {
  cpus: { present: '0-7' },
  devices: [
    {
      address: '0000:06:12.5',
      driver: 'vfio-pci',
      interrupts: [40, 41, 42].map((irq) => ({ irq, type: 'msix' as const })),
    },
    { address: '0000:07:00.0', driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] },
    { address: '0000:08:00.0', driver: 'vfio-pci', interrupts: [{ irq: 17, type: 'intx' }] },
  ],
};

/** What libvirt passes to the hook: a running domain's XML, with our metadata. */
export function liveXml(entries: string, { head = '', uuid = UUID } = {}): string {
  const device = (bus: string, slot: string, fn: string) =>
    `<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source>
      <address domain='0x0000' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source></hostdev>`;
  return `<domain type='kvm' id='1'>
  <name>guest</name>
  <uuid>${uuid}</uuid>
  <metadata><hostdevs xmlns="urn:hostdev-cpuset:1"${head}>${entries}</hostdevs></metadata>
  <vcpu placement='static'>2</vcpu>
  <cputune><vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3'/></cputune>
  <devices>${device('06', '12', '5')}${device('07', '00', '0')}</devices>
</domain>
`;
}

/** Both devices have a policy. */
export const BOTH = liveXml(
  '<hostdev address="0000:06:12.5" cpuset="auto"/><hostdev address="0000:07:00.0" cpuset="4-5"/>',
);

/** A simulated host as a directory tree. */
export class SimulatedRoot extends TemporaryFolder {
  /** @param runs whether QEMU runs a domain `guest`, with its vCPUs on CPUs 2 and 3 */
  constructor(runs = false) {
    super();
    const domains = [
      {
        name: 'guest',
        uuid: UUID,
        pid: 4000,
        vcpus: [
          { vcpu: 0, cpus: '2' },
          { vcpu: 1, cpus: '3' },
        ],
      },
    ];
    writeTree(new SimulatedKernel(runs ? { ...HOST, domains } : HOST), this.path);
  }

  /** The affinity of an interrupt as a CPU list. */
  affinity(irq: number): string {
    return formatCpuset(parseMask(readFileSync(this.join(`proc/irq/${irq}/smp_affinity`), 'utf8')) ?? []);
  }

  /**
   * Another program moves an interrupt. At once, as in /proc: a running watcher must not see a file that is truncated
   * and not written yet.
   * @param mask hexadecimal
   */
  move(irq: number, mask: string): void {
    const path = this.join(`proc/irq/${irq}/smp_affinity`);
    const digits = readFileSync(path, 'utf8').trim().length;
    const file = openSync(path, 'r+');
    writeSync(file, `${mask.padStart(digits, '0')}\n`, 0);
    closeSync(file);
  }

  /** The affinities of the device's vectors and of the other device's line. */
  affinities(): string[] {
    return [40, 41, 42, 16].map((irq) => this.affinity(irq));
  }

  /** The guest's driver disables and enables MSI-X. */
  renewVectors(): void {
    for (const irq of [40, 41, 42]) this.move(irq, 'ff');
  }

  /** The guest has ended, and its line belongs to the host's driver again. */
  handBack(irq: number): void {
    this.write(`sys/kernel/irq/${irq}/actions`, 'ehci_hcd\n');
  }

  configure(text: string): void {
    this.write('etc/hostdev-cpuset/config.json', text);
  }
}
