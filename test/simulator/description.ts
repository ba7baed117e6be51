import { type PciAddress, parseAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import type { Cpuset } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';

/** Description of a host in a small JSON file: schemas/host.schema.json. CPU lists have the kernel's form, `0-3,8`. */
export interface HostDescription {
  /** for editors */
  $schema?: string;
  /**
   * online: default present; possible (the width of masks): default present. threadsPerCore: the first threads of all
   * cores come first, as on most x86 hosts; absent: the kernel does not show cores
   */
  cpus: { present: string; online?: string; possible?: string; threadsPerCore?: number };
  /** cpus is '' for a node that has only memory */
  nodes?: { node: number; cpus: string }[];
  /** initial affinity of interrupts; default: all CPUs */
  defaultAffinity?: string;
  /** version, default 6.12. Before 6.12 a write to a managed interrupt fails with EIO, since then with EPERM */
  kernel?: string;
  /** device interrupts per CPU: some 200 on x86; default: no limit */
  vectorsPerCpu?: number;
  /** false: /proc/irq/N has no effective_affinity */
  effectiveAffinity?: boolean;
  devices: DeviceDescription[];
  /** other interrupts of the host; a device's legacy line with the same number shares it */
  interrupts?: (InterruptDescription & { irq: number })[];
  domains?: DomainDescription[];
  processes?: ProcessDescription[];
  /** further files, by path: their lines */
  files?: Record<string, string>;
}

export interface DeviceDescription {
  address: string;
  driver?: string;
  /** -1 or absent: unknown to the firmware */
  numaNode?: number;
  /** VFIO has it, whatever its driver is called; default: by the driver's name */
  vfio?: boolean;
  /** number of its IOMMU group; absent: it has none */
  iommuGroup?: number;
  /** a legacy line (intx), message interrupts of one type (msi or msix), or both: then the line is not in use */
  interrupts?: (InterruptDescription & { irq: number; type: InterruptType })[];
}

export interface InterruptDescription {
  /** default for a VFIO device: vfio-msix[0](0000:82:00.0) and so on. []: a phantom vector, without /proc/irq */
  handlers?: string[];
  affinity?: string;
  effective?: string;
  managed?: boolean;
  /** it moves only at its next occurrence, as without interrupt remapping */
  deferred?: boolean;
  /** by CPU number */
  counts?: Record<string, number>;
}

export interface DomainDescription {
  name: string;
  uuid: string;
  pid: number;
  vcpus: { vcpu: number; cpus: string }[];
  /**
   * names of QEMU's vCPU threads: one each (default), none, or one thread for all vCPUs, as with emulation in one
   * thread
   */
  threadNames?: 'vcpu' | 'none' | 'single';
  /** addresses of the devices that QEMU has open; absent: there is no /proc/PID/fd */
  open?: string[];
  /** its process, where that is not libvirt's on this host */
  process?: QemuDescription;
}

/** A QEMU as it is found without libvirt. */
export interface QemuDescription {
  /** in clock ticks; default: its pid */
  startTime?: number;
  /** default 0 */
  uid?: number;
  /** path of its cgroup; default: that of a login of root */
  cgroup?: string;
  /** its pid in a pid namespace of its own */
  innerPid?: number;
  /** it sees the file system of the host; default: another one */
  isOnHost?: boolean;
  /** libvirt of this host has a pid file of it */
  isOfLibvirt?: boolean;
  /** files that it sees, by path: their lines */
  files?: Record<string, string>;
  /** names of files that it has open, none of which is a device */
  disguised?: string[];
  /** addresses of devices of whose groups it has descriptors that only name the node (O_PATH) */
  onlyNamed?: string[];
}

/** A process that is not the QEMU of a domain. */
export interface ProcessDescription {
  pid: number;
  /** its name in comm, and the first word of its command line */
  command: string;
  /** the other words of its command line */
  arguments?: string[];
}

/** @throws Error, one line, if the text is not a CPU list */
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
