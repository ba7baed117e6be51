import type { PciAddress } from '../domain/address.js';
import { type Cpuset, EMPTY } from '../domain/cpuset.js';
import { findOwners, type Ownership, type OwnershipContext } from './device-owners.js';
import { type Interrupt, readInterrupt } from './interrupt.js';
import { type InterruptCounts, readInterruptCounts } from './interrupt-counts.js';
import { type InterruptType, type PciDevice, readPciDevice } from './pci-device.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';
import { readVcpuThreads, type VcpuThreads } from './qemu-threads.js';
import { readCores, readTopology, type Topology } from './topology.js';

/** An interrupt of a device: its number and type, and its state in the kernel. */
export interface DeviceInterrupt {
  irq: number;
  type: InterruptType;
  /** undefined for a vector without a handler, and if it could not be read */
  details: Interrupt | undefined;
  /** why it could not be read */
  error?: FileError;
}

export interface DeviceSnapshot {
  device: PciDevice;
  interrupts: DeviceInterrupt[];
}

/** The part of the host's state that one domain depends on, at one moment. */
export interface HostSnapshot {
  topology: Topology;
  /** the threads of each core of the requested CPUs; absent: unknown */
  cores?: readonly Cpuset[];
  /** by address; absent devices are left out */
  devices: ReadonlyMap<PciAddress, DeviceSnapshot>;
  /** devices that exist but could not be read */
  unreadable?: ReadonlyMap<PciAddress, FileError>;
  threads: VcpuThreads | undefined;
  /** of a running domain: which of its devices belong to other domains */
  owners?: Ownership | undefined;
  counts: InterruptCounts;
}

export interface SnapshotRequest {
  name: string;
  uuid: string | undefined;
  addresses: Iterable<PciAddress>;
  /** CPUs whose cores are read */
  coresOf?: Cpuset;
  /** also read the counts: one more read per interrupt */
  counts?: boolean;
  /** already read, and not to be read again; the same for `threads` */
  topology?: Topology | undefined;
  threads?: VcpuThreads | undefined;
  /** what is known about other domains */
  ownership?: OwnershipContext | undefined;
}

/** @throws FileError if the host's CPUs or a process cannot be read */
export function readSnapshot(files: PseudoFs, request: SnapshotRequest): HostSnapshot {
  const { name, uuid, addresses, counts, coresOf = EMPTY } = request;
  const devices = new Map<PciAddress, DeviceSnapshot>();
  const unreadable = new Map<PciAddress, FileError>();
  for (const address of addresses) {
    const snapshot = resultOrError(() => readDevice(files, address));
    if (snapshot instanceof FileError) unreadable.set(address, snapshot);
    else if (snapshot) devices.set(address, snapshot);
  }
  const irqs = [...devices.values()].flatMap(({ interrupts }) => interrupts.map(({ irq }) => irq));
  const threads = 'threads' in request ? request.threads : readVcpuThreads(files, name, uuid);
  const self = threads && { name, pid: threads.pid };
  const topology = request.topology ?? readTopology(files);
  return {
    topology,
    ...(coresOf.length > 0 ? { cores: readCores(files, topology, coresOf) } : {}),
    devices,
    ...(unreadable.size > 0 ? { unreadable } : {}),
    threads,
    owners: self && findOwners(files, self, devices.keys(), request.ownership ?? {}),
    counts: counts ? readInterruptCounts(files, irqs) : new Map(),
  };
}

export function readDevice(files: PseudoFs, address: PciAddress): DeviceSnapshot | undefined {
  const device = readPciDevice(files, address);
  if (!device) return undefined;
  return { device, interrupts: device.irqs.map(({ irq, type }) => ({ irq, type, ...readDetails(files, irq) })) };
}

function readDetails(files: PseudoFs, irq: number): Pick<DeviceInterrupt, 'details' | 'error'> {
  const details = resultOrError(() => readInterrupt(files, irq));
  return details instanceof FileError ? { details: undefined, error: details } : { details };
}

/** One device or interrupt that cannot be read does not affect the others. */
function resultOrError<T>(read: () => T): T | FileError {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error;
  }
}
