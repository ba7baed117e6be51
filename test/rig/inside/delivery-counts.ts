import { readFileSync } from 'node:fs';

/** Where the interrupts of a device were delivered. */
export interface Delivered {
  all: number;
  /** not to a CPU of the guest's vCPUs */
  offVcpus: number;
  /** to a CPU of another node than the device's */
  offNode: number;
}

/** Adds up where interrupts of VFIO's devices are delivered, by the kernel's own counts. */
export class DeliveryCounts {
  readonly #delivered = new Map<string, Delivered>();
  #before = new Map<string, number[]>();

  /** What was delivered before does not count. */
  begin(): void {
    this.#before = countsByInterrupt();
  }

  /** Counts what was delivered since the last call, while these were the right CPUs. */
  take(vcpuCpus: readonly number[], nodeCpus: readonly number[]): void {
    const now = countsByInterrupt();
    for (const [interrupt, counts] of now) {
      const before = this.#before.get(interrupt) ?? [];
      const delivered = this.of(interrupt.split(' ')[1] as string);
      for (const [cpu, count] of counts.entries()) {
        const more = count - (before[cpu] ?? 0);
        delivered.all += more;
        if (!vcpuCpus.includes(cpu)) delivered.offVcpus += more;
        if (!nodeCpus.includes(cpu)) delivered.offNode += more;
      }
    }
    this.#before = now;
  }

  of(address: string): Delivered {
    const known = this.#delivered.get(address) ?? { all: 0, offVcpus: 0, offNode: 0 };
    this.#delivered.set(address, known);
    return known;
  }
}

/** `IRQ ADDRESS` -> how often each CPU has taken it. The rig's CPUs are all online: columns are their numbers. */
function countsByInterrupt(): Map<string, number[]> {
  const [head = '', ...lines] = readFileSync('/proc/interrupts', 'utf8').split('\n');
  const cpus = head.trim().split(/\s+/).length;
  return new Map(
    lines.flatMap((line): [string, number[]][] => {
      const [, irq, address] = /^\s*(\d+):.* vfio-msix\[\d+\]\((.+)\)$/.exec(line) ?? [];
      const counts = line.trim().split(/\s+/);
      return address === undefined ? [] : [[`${irq} ${address}`, counts.slice(1, cpus + 1).map(Number)]];
    }),
  );
}
