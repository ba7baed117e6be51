import { type Cpuset, cpusOf } from '../../src/domain/cpuset.js';

/** The interrupts that each CPU takes: x86 has room for some 200 of them on one (kernel: kernel/irq/matrix.c). */
export class CpuVectors {
  readonly #taken = new Map<number, number>();

  constructor(readonly limit: number) {}

  /** Takes a place on the CPU of the set that has most room, the lowest of several; undefined where all are full. */
  take(cpus: Cpuset): number | undefined {
    let best: number | undefined;
    let least = this.limit;
    for (const cpu of cpusOf(cpus)) {
      const taken = this.#taken.get(cpu) ?? 0;
      if (taken < least) [best, least] = [cpu, taken];
      if (least === 0) break;
    }
    if (best !== undefined) this.occupy(best);
    return best;
  }

  /** Takes a place on this CPU, full or not. */
  occupy(cpu: number): void {
    this.#taken.set(cpu, (this.#taken.get(cpu) ?? 0) + 1);
  }

  free(cpu: number): void {
    this.#taken.set(cpu, (this.#taken.get(cpu) ?? 1) - 1);
  }
}
