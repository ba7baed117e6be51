import { type Cpuset, EMPTY, intersect, isSubset, subtract, union } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';
import { CpuVectors } from './cpu-vectors.js';

export interface SimulatedInterrupt {
  irq: number;
  type: InterruptType;
  /** the controller's input of a line; of a vector its number */
  input: number;
  handlers: string[];
  /** /proc has a folder for it: it has a handler, or had one */
  registered: boolean;
  /** asked */
  affinity: Cpuset;
  /** one CPU; empty where it is not delivered: no handler, or shut down with its last CPU */
  effective: Cpuset;
  managed: boolean;
  deferred: boolean;
  counts: Record<string, number>;
  /** CPUs of its device's node; empty where there is none */
  near: Cpuset;
}

/** Where interrupts go, as x86 decides it (kernel: kernel/irq/manage.c, cpuhotplug.c; arch/x86/kernel/apic/vector.c). */
export class Delivery {
  readonly #vectors: CpuVectors;
  readonly #singles = new Map<number, Cpuset>();
  #online: Cpuset;

  constructor(online: Cpuset, vectorsPerCpu: number) {
    this.#online = online;
    this.#vectors = new CpuVectors(vectorsPerCpu);
  }

  get online(): Cpuset {
    return this.#online;
  }

  /**
   * A new mask. One CPU of it takes the interrupt, the present one if it is in the mask; a deferred one moves later.
   * False, and nothing changes, where all of them are out of vectors.
   */
  place(interrupt: SimulatedInterrupt, affinity: Cpuset): boolean {
    const delivered = interrupt.effective.length > 0;
    if (delivered && !interrupt.deferred && !this.#move(interrupt, intersect(affinity, this.#online))) return false;
    interrupt.affinity = affinity;
    return true;
  }

  /** It occurs: what was deferred is done, and its CPU counts it. */
  occur(interrupt: SimulatedInterrupt, times: number): void {
    if (interrupt.effective.length === 0) return;
    if (interrupt.deferred) this.#move(interrupt, intersect(interrupt.affinity, this.#online));
    const cpu = `${interrupt.effective[0]?.first}`;
    interrupt.counts[cpu] = (interrupt.counts[cpu] ?? 0) + times;
  }

  /**
   * The first handler: within what is online and, where that leaves anything, the device's node. Out of vectors there, it
   * goes to any CPU, silently; false where none has room.
   */
  activate(interrupt: SimulatedInterrupt): boolean {
    const online = intersect(interrupt.affinity, this.#online);
    const wide = online.length > 0 ? online : this.#online;
    const near = intersect(wide, interrupt.near);
    interrupt.affinity = near.length > 0 ? near : wide;
    return this.#move(interrupt, interrupt.affinity) || this.#move(interrupt, this.#online);
  }

  /** It is on this CPU, as a description says. */
  settle(interrupt: SimulatedInterrupt, cpu: number): void {
    this.stop(interrupt);
    this.#vectors.occupy(cpu);
    interrupt.effective = this.#single(cpu);
  }

  /** It is where its mask says, as far as there is room. */
  follow(interrupt: SimulatedInterrupt): void {
    this.#move(interrupt, intersect(interrupt.affinity, this.#online));
  }

  stop(interrupt: SimulatedInterrupt): void {
    const cpu = interrupt.effective[0]?.first;
    if (cpu !== undefined) this.#vectors.free(cpu);
    interrupt.effective = EMPTY;
  }

  /** The last CPU of a mask takes the mask with it; of a managed interrupt it takes the interrupt instead, until it returns. */
  setOnline(cpu: number, isOnline: boolean, interrupts: Iterable<SimulatedInterrupt>): void {
    const one = this.#single(cpu);
    const online = isOnline ? union(this.#online, one) : subtract(this.#online, one);
    if (online.length === 0) throw new Error(`CPU ${cpu} is the last one online`);
    this.#online = online;
    for (const interrupt of interrupts) {
      if (isOnline) this.#restart(interrupt, cpu);
      else if (interrupt.effective[0]?.first === cpu) this.#evict(interrupt);
    }
  }

  #restart(interrupt: SimulatedInterrupt, cpu: number): void {
    const { managed, handlers, effective, affinity } = interrupt;
    if (managed && handlers.length > 0 && effective.length === 0 && isSubset(this.#single(cpu), affinity)) {
      this.settle(interrupt, cpu);
    }
  }

  #evict(interrupt: SimulatedInterrupt): void {
    this.stop(interrupt);
    const left = intersect(interrupt.affinity, this.#online);
    if (left.length === 0 && interrupt.managed) return;
    if (left.length === 0) interrupt.affinity = this.#online;
    if (!this.#move(interrupt, left)) this.#move(interrupt, this.#online);
  }

  #move(interrupt: SimulatedInterrupt, usable: Cpuset): boolean {
    if (interrupt.effective.length > 0 && isSubset(interrupt.effective, usable)) return true;
    const cpu = this.#vectors.take(usable);
    if (cpu === undefined) return false;
    this.stop(interrupt);
    interrupt.effective = this.#single(cpu);
    return true;
  }

  #single(cpu: number): Cpuset {
    let single = this.#singles.get(cpu);
    if (!single) {
      single = [{ first: cpu, last: cpu }];
      this.#singles.set(cpu, single);
    }
    return single;
  }
}
