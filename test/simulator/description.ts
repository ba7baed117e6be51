import { type PciAddress, parseAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';

/** A host in a small JSON file: schemas/host.schema.json. CPU lists are the kernel's, `0-3,8`. */
export interface HostDescription {
  /** for editors */
  $schema?: string;
  /** online: all present ones if absent; possible (what masks are as wide as): those present if absent */
  cpus: { present: string; online?: string; possible?: string };
  /** a node of memory only has the list '' */
  nodes?: { node: number; cpus: string }[];
  /** where interrupts are born; all CPUs if absent */
  defaultAffinity?: string;
  /** its version, such as 6.1; 6.12 if absent. Before 6.12 a managed interrupt refuses with EIO, since then with EPERM */
  kernel?: string;
  /** device interrupts that a CPU can take: some 200 on x86; no limit if absent */
  vectorsPerCpu?: number;
  /** false: /proc/irq/N has no effective_affinity */
  effectiveAffinity?: boolean;
  devices: DeviceDescription[];
  /** interrupts of the host's own; a device's legacy line may have the number of one, and shares it then */
  interrupts?: (InterruptDescription & { irq: number })[];
  domains?: DomainDescription[];
  processes?: ProcessDescription[];
}

export interface DeviceDescription {
  address: string;
  driver?: string;
  /** -1, or absent, where the firmware says nothing */
  numaNode?: number;
  /** a legacy line (intx), message interrupts of one kind (msi or msix), or both: then the line is not in use */
  interrupts?: (InterruptDescription & { irq: number; type: InterruptType })[];
}

export interface InterruptDescription {
  /** default, for a VFIO device: vfio-msix[0](0000:82:00.0), counted per device. [] is a phantom vector: no /proc/irq */
  handlers?: string[];
  affinity?: string;
  effective?: string;
  managed?: boolean;
  /** it moves only when it occurs the next time, as without interrupt remapping */
  deferred?: boolean;
  /** by CPU number */
  counts?: Record<string, number>;
}

export interface DomainDescription {
  name: string;
  uuid: string;
  pid: number;
  vcpus: { vcpu: number; cpus: string }[];
}

/** A process that is not a domain's. */
export interface ProcessDescription {
  pid: number;
  /** its name in comm; the first word of its command line, too */
  command: string;
  /** the other words */
  arguments?: string[];
}

/** @throws Error, one line, where a list or an address of a description is not in its exact form */
export function cpuList(text: string): Cpuset {
  const set = parseCpuList(text);
  if (!set) throw new Error(`not a CPU list: ${JSON.stringify(text)}`);
  return set;
}

export function pciAddress(text: string): PciAddress {
  const address = parseAddress(text);
  if (!address) throw new Error(`not a PCI address: ${JSON.stringify(text)}`);
  return address;
}
