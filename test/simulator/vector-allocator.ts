import { type Cpuset, EMPTY, intersect, isSubset, subtract, union } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';
import { CpuVectors } from './cpu-vectors.js';

export interface SimulatedInterrupt {
  irq: number;
  type: InterruptType;
  /** of a line: the interrupt controller's input; of a vector: its number */
  input: number;
  handlers: string[];
  /** it has a handler, or had one, so /proc has a folder for it */
  registered: boolean;
  /** smp_affinity */
  affinity: Cpuset;
  /** one CPU; empty if it is not delivered: no handler, or shut down with its last CPU */
  effective: Cpuset;
  managed: boolean;
  deferred: boolean;
  counts: Record<string, number>;
  /** CPUs of its device's node; empty if that is unknown */
  near: Cpuset;
}

/**
 * Chooses the CPU of each interrupt as x86 does (kernel: kernel/irq/manage.c, cpuhotplug.c;
 * arch/x86/kernel/apic/vector.c).
 */
export class VectorAllocator {
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
   * Sets the mask. The interrupt stays on its CPU if that is in the mask, else it moves to another CPU of the mask; a
   * deferred one moves later. False, and no change, if all CPUs of the mask are out of vectors.
   */
  setAffinity(interrupt: SimulatedInterrupt, affinity: Cpuset): boolean {
    const delivered = interrupt.effective.length > 0;
    if (delivered && !interrupt.deferred && !this.#move(interrupt, intersect(affinity, this.#online))) return false;
    interrupt.affinity = affinity;
    return true;
  }

  /** The interrupt occurs: a deferred move is done, and its CPU counts it. */
  occur(interrupt: SimulatedInterrupt, times: number): void {
    if (interrupt.effective.length === 0) return;
    if (interrupt.deferred) this.#move(interrupt, intersect(interrupt.affinity, this.#online));
    const cpu = `${interrupt.effective[0]?.first}`;
    interrupt.counts[cpu] = (interrupt.counts[cpu] ?? 0) + times;
  }

  /**
   * For the first handler: restricts the mask to online CPUs and, unless that leaves none, to the device's node. If
   * these are out of vectors, it silently uses any CPU; false if none has a free vector.
   */
  activate(interrupt: SimulatedInterrupt): boolean {
    const online = intersect(interrupt.affinity, this.#online);
    const wide = online.length > 0 ? online : this.#online;
    const near = intersect(wide, interrupt.near);
    interrupt.affinity = near.length > 0 ? near : wide;
    return this.#move(interrupt, interrupt.affinity) || this.#move(interrupt, this.#online);
  }

  /** Puts the interrupt on this CPU, as described. */
  setCpu(interrupt: SimulatedInterrupt, cpu: number): void {
    this.stop(interrupt);
    this.#vectors.allocateOn(cpu);
    interrupt.effective = this.#single(cpu);
  }

  /** Moves the interrupt into its mask if a vector is free there. */
  applyMask(interrupt: SimulatedInterrupt): void {
    this.#move(interrupt, intersect(interrupt.affinity, this.#online));
  }

  stop(interrupt: SimulatedInterrupt): void {
    const cpu = interrupt.effective[0]?.first;
    if (cpu !== undefined) this.#vectors.free(cpu);
    interrupt.effective = EMPTY;
  }

  /**
   * When the last CPU of a mask goes offline, the mask is reset; a managed interrupt is shut down instead until the CPU
   * is back.
   */
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
      this.setCpu(interrupt, cpu);
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
    const cpu = this.#vectors.allocate(usable);
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
