import type { PciAddress } from '../domain/address.js';
import type { Files } from './files.js';
import { type Interrupt, readInterrupt } from './interrupt.js';
import { type InterruptCounts, readInterruptCounts } from './interrupt-counts.js';
import { type InterruptType, type PciDevice, readPciDevice } from './pci-device.js';
import { readVcpuThreads, type VcpuThreads } from './qemu-threads.js';
import { readTopology, type Topology } from './topology.js';

/** An interrupt of a device: its number and type, and what the kernel says of it; no details for a phantom vector. */
export interface DeviceInterrupt {
  irq: number;
  type: InterruptType;
  details: Interrupt | undefined;
}

export interface DeviceSnapshot {
  device: PciDevice;
  interrupts: DeviceInterrupt[];
}

/** What of the host matters for one domain, as it was a moment ago. */
export interface HostSnapshot {
  topology: Topology;
  /** by address; a device that the host does not have is not in it */
  devices: ReadonlyMap<PciAddress, DeviceSnapshot>;
  threads: VcpuThreads | undefined;
  counts: InterruptCounts;
}

export interface SnapshotRequest {
  name: string;
  uuid: string | undefined;
  addresses: Iterable<PciAddress>;
  /** /proc/interrupts is long on a large host: only for who shows it */
  counts?: boolean;
}

export function readSnapshot(files: Files, { name, uuid, addresses, counts }: SnapshotRequest): HostSnapshot {
  const devices = new Map<PciAddress, DeviceSnapshot>();
  for (const address of addresses) {
    const snapshot = readDevice(files, address);
    if (snapshot) devices.set(address, snapshot);
  }
  return {
    topology: readTopology(files),
    devices,
    threads: readVcpuThreads(files, name, uuid),
    counts: counts ? readInterruptCounts(files) : new Map(),
  };
}

export function readDevice(files: Files, address: PciAddress): DeviceSnapshot | undefined {
  const device = readPciDevice(files, address);
  if (!device) return undefined;
  const interrupts = device.irqs.map(({ irq, type }) => ({ irq, type, details: readInterrupt(files, irq) }));
  return { device, interrupts };
}
