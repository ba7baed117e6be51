import { type Cpuset, has, union } from '../domain/cpuset.js';
import type { InterruptCounts } from '../host/interrupt-counts.js';
import { isLine } from '../host/vfio-handlers.js';

/** An interrupt that VFIO handles alone, with the name of its handler. */
export interface CountedInterrupt {
  irq: number;
  handler: string;
}

/**
 * How many interrupts of a device were delivered outside the wanted set, by the kernel's counts. Never too many: what
 * happened before the first look, or between the last look at a vector and its end, is not counted.
 */
export class StrayInterrupts {
  /** the counts at the last look, by IRQ; undefined: they could not be read at the first one */
  readonly #counts = new Map<number, Readonly<Record<string, number>> | undefined>();
  /** the set at the last look; undefined: there was none */
  #wanted: Cpuset | undefined;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** The vector with this number is gone: what has the number next begins with counts of 0. */
  restart(irq: number): void {
    this.#counts.delete(irq);
  }

  /** @param counts at least of those of these interrupts that could be read */
  look(interrupts: Iterable<CountedInterrupt>, counts: InterruptCounts, wanted: Cpuset): void {
    const isFirst = this.#wanted === undefined;
    // an interrupt that was counted before may have come under either set
    const allowed = union(this.#wanted ?? [], wanted);
    for (const { irq, handler } of interrupts) {
      const now = counts.get(irq);
      // a line counts for whatever driver had it
      const isOld = isFirst || isLine(handler) || (this.#counts.has(irq) && !this.#counts.get(irq));
      const before = this.#counts.get(irq) ?? (isOld ? now : {});
      if (now) this.#total += straysBetween(before ?? {}, now, allowed);
      if (now || isFirst) this.#counts.set(irq, now);
    }
    this.#wanted = wanted;
  }
}

/** The kernel's counts go on with 0 after this. */
const MAX_COUNT = 0xffff_ffff;

/** A count that fell is another vector's, which began with 0, unless it was near its maximum. */
function straysBetween(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
  allowed: Cpuset,
): number {
  const isAnother = Object.entries(before).some(([cpu, count]) => count <= MAX_COUNT / 2 && (now[cpu] ?? 0) < count);
  let strays = 0;
  for (const [cpu, count] of Object.entries(now)) {
    if (has(allowed, Number(cpu))) continue;
    const since = isAnother ? 0 : (before[cpu] ?? 0);
    strays += count - since + (count < since ? MAX_COUNT + 1 : 0);
  }
  return strays;
}
