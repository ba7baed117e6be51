import type { XmlDocument } from '../xml/document.js';
import { select } from '../xml/select.js';

/** The number of dies per socket, cores per die and threads per core of the guest. */
export interface CpuTopology {
  dies: number;
  cores: number;
  threads: number;
}

/** Without `<topology>` libvirt makes each vCPU a socket. */
export function readCpuTopology(document: XmlDocument): CpuTopology {
  const topology = select('/domain/cpu/topology', document)[0];
  const count = (name: string) => {
    const text = topology?.getAttribute(name) ?? '';
    return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 1;
  };
  return { dies: count('dies'), cores: count('cores'), threads: count('threads') };
}

/**
 * The number of the vCPU with this APIC ID, by which KVM identifies vCPUs. An APIC ID has a bit field for each level,
 * so numbers are skipped where a size is not a power of two (QEMU: x86-topology). Null if no vCPU has the APIC ID.
 */
export function vcpuOfApicId(apicId: number, { dies, cores, threads }: CpuTopology): number | null {
  if (apicId < 0) return null;
  let rest = apicId;
  let vcpu = 0;
  let perNumber = 1;
  for (const count of [threads, cores, dies]) {
    const size = 2 ** Math.ceil(Math.log2(count));
    const number = rest % size;
    if (number >= count) return null;
    vcpu += number * perNumber;
    perNumber *= count;
    rest = Math.floor(rest / size);
  }
  return vcpu + rest * perNumber;
}
