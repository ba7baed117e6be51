import { type Cpuset, cpusOf } from '../../src/domain/cpuset.js';

/** The number of interrupt vectors in use on each CPU: x86 has some 200 per CPU (kernel: kernel/irq/matrix.c). */
export class CpuVectors {
  readonly #used = new Map<number, number>();

  constructor(readonly limit: number) {}

  /**
   * Allocates a vector on the CPU of the set with the most free ones, the lowest of several; undefined if all are full.
   */
  allocate(cpus: Cpuset): number | undefined {
    let best: number | undefined;
    let least = this.limit;
    for (const cpu of cpusOf(cpus)) {
      const used = this.#used.get(cpu) ?? 0;
      if (used < least) [best, least] = [cpu, used];
      if (least === 0) break;
    }
    if (best !== undefined) this.allocateOn(best);
    return best;
  }

  /** Ignores the limit. */
  allocateOn(cpu: number): void {
    this.#used.set(cpu, (this.#used.get(cpu) ?? 0) + 1);
  }

  free(cpu: number): void {
    this.#used.set(cpu, (this.#used.get(cpu) ?? 1) - 1);
  }
}
