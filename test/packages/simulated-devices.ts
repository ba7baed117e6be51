import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { HostDescription } from '../simulator/description.js';
import { parseHostDescription, SimulatedKernel, writeTree } from '../simulator/index.js';
import { type BootedSystem, SHARED } from './booted-system.js';

/** Two devices that no machine has: 0000:a6:00.0 with IRQ 1040 and 1041, 0000:a7:00.0 with IRQ 1050. */
const DEVICES = {
  a6: {
    group: 20,
    interrupts: [
      { irq: 1040, type: 'msix' as const },
      { irq: 1041, type: 'msix' as const },
    ],
  },
  a7: { group: 21, interrupts: [{ irq: 1050, type: 'msi' as const }] },
};
/** What the program and libvirt read of devices, and what the program writes. All else of /proc and /sys is real. */
const FOLDERS = ['/sys/bus/pci', '/sys/kernel/irq', '/sys/kernel/iommu_groups', '/proc/irq', '/proc/interrupts'];
const DROP_IN = 'etc/systemd/system/hostdev-cpuset.service.d/simulated-devices.conf';

/** Simulated PCI devices in the place of a booted system's own, with IOMMU groups and with interrupts. */
export class SimulatedDevices {
  /** @param shared the folder that the system sees as SHARED */
  constructor(private readonly shared: string) {
    const kernel = new SimulatedKernel(parseHostDescription(JSON.stringify(describe())));
    writeTree(kernel, join(shared, 'host'));
    for (const bus of Object.keys(DEVICES)) {
      const folder = join(shared, `host/sys/bus/pci/devices/0000:${bus}:00.0`);
      writeFileSync(join(folder, 'config'), Buffer.alloc(256));
      for (const name of ['vendor', 'device']) writeFileSync(join(folder, name), '0x8086\n');
    }
    mkdirSync(join(shared, 'host/sys/bus/pci/drivers/vfio-pci'), { recursive: true });
  }

  /** systemd mounts a new /proc for the service. To be called before the system boots. */
  showToService(root: string): void {
    mkdirSync(join(root, DROP_IN, '..'), { recursive: true });
    const binds = FOLDERS.map((path) => `${SHARED}/host${path}:${path}`);
    writeFileSync(join(root, DROP_IN), `[Service]\nBindPaths=${binds.join(' ')}\n`);
  }

  async putInto(system: BootedSystem): Promise<void> {
    for (const path of FOLDERS) await system.succeeds('mount', '--bind', `${SHARED}/host${path}`, path);
    const files = ['vfio', ...Object.values(DEVICES).map(({ group }) => group)].map((name) => `/dev/vfio/${name}`);
    await system.succeeds('install', '-D', '-m', '666', '/dev/null', files[0] as string);
    await system.succeeds('touch', ...files);
  }

  /** The affinity masks of the interrupts, as numbers. */
  masks(): number[] {
    return this.#paths().map((path) => Number.parseInt(readFileSync(path, 'latin1'), 16));
  }

  /** Sets all affinities to CPU 0-1, as another program might. */
  disturb(): void {
    for (const path of this.#paths()) writeFileSync(path, '3\n');
  }

  #paths(): string[] {
    const irqs = Object.values(DEVICES).flatMap(({ interrupts }) => interrupts.map(({ irq }) => irq));
    return irqs.map((irq) => join(this.shared, `host/proc/irq/${irq}/smp_affinity`));
  }
}

function describe(): HostDescription {
  const devices = Object.entries(DEVICES).map(([bus, { group, interrupts }]) => {
    return { address: `0000:${bus}:00.0`, driver: 'vfio-pci', iommuGroup: group, interrupts };
  });
  return { cpus: { present: `0-${cpus().length - 1}` }, devices };
}
