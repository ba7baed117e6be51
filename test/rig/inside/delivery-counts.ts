import { readFileSync } from 'node:fs';

/** Where the interrupts of a device were delivered. */
export interface Delivered {
  all: number;
  /** not to a CPU of the guest's vCPUs */
  offVcpus: number;
  /** to a CPU of another node than the device's */
  offNode: number;
  /** one or both of these: not to a CPU that `auto` chooses */
  either: number;
}

/** Adds up where interrupts of VFIO's devices are delivered, by the kernel's own counts. */
export class DeliveryCounts {
  readonly #delivered = new Map<string, Delivered>();
  #before = new Map<string, number[]>();

  /** @param read the text of /proc/interrupts */
  constructor(private readonly read = () => readFileSync('/proc/interrupts', 'utf8')) {}

  /** What was delivered before does not count. */
  begin(): void {
    this.#before = countsByInterrupt(this.read());
  }

  /** Counts what was delivered since the last call, while these were the right CPUs. */
  take(vcpuCpus: readonly number[], nodeCpus: readonly number[]): void {
    const now = countsByInterrupt(this.read());
    for (const [interrupt, counts] of now) {
      const before = this.#before.get(interrupt) ?? [];
      const delivered = this.of(interrupt.split(' ')[1] as string);
      for (const [cpu, count] of counts.entries()) {
        const more = count - (before[cpu] ?? 0);
        delivered.all += more;
        const [isOffVcpus, isOffNode] = [!vcpuCpus.includes(cpu), !nodeCpus.includes(cpu)];
        if (isOffVcpus) delivered.offVcpus += more;
        if (isOffNode) delivered.offNode += more;
        if (isOffVcpus || isOffNode) delivered.either += more;
      }
    }
    this.#before = now;
  }

  of(address: string): Delivered {
    const known = this.#delivered.get(address) ?? { all: 0, offVcpus: 0, offNode: 0, either: 0 };
    this.#delivered.set(address, known);
    return known;
  }
}

/** `IRQ ADDRESS` -> how often each CPU has taken it. The rig's CPUs are all online: columns are their numbers. */
function countsByInterrupt(table: string): Map<string, number[]> {
  const [head = '', ...lines] = table.split('\n');
  const cpus = head.trim().split(/\s+/).length;
  return new Map(
    lines.flatMap((line): [string, number[]][] => {
      const [, irq, address] = /^\s*(\d+):.* vfio-msix\[\d+\]\((.+)\)$/.exec(line) ?? [];
      const counts = line.trim().split(/\s+/);
      return address === undefined ? [] : [[`${irq} ${address}`, counts.slice(1, cpus + 1).map(Number)]];
    }),
  );
}
