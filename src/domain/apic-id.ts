import type { XmlDocument } from '../xml/document.js';
import { select } from '../xml/select.js';

/** How many of each level are in the one above it, in a socket of the guest. */
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
 * The number of the vCPU with this APIC ID, which is what KVM knows a vCPU by. An APIC ID has as many bits for each
 * level as its numbers need, so that it has gaps where they are no powers of two (QEMU: x86-topology). Null if no vCPU
 * has it.
 */
export function vcpuOfApicId(apicId: number, { dies, cores, threads }: CpuTopology): number | null {
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
