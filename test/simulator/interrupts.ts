import { type Cpuset, EMPTY, intersect } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import type { BitmapFormat } from './bitmap.js';
import { cpuList, type InterruptDescription } from './description.js';
import type { Delivery, SimulatedInterrupt } from './vector-allocator.js';

/** The numbers below are the legacy lines'. */
const FIRST_MESSAGE_IRQ = 24;

/** A write that reached an interrupt: what the tests look at. */
export interface AffinityWrite {
  irq: number;
  set: Cpuset;
}

export interface NewInterrupt {
  irq: number;
  type: InterruptType;
  handlers: readonly string[];
  /** of a line: the controller's input that it is wired to; its number if absent. Of a vector, its own number */
  input?: number;
  /** CPUs of its device's node */
  near?: Cpuset | undefined;
}

/** All interrupts of a simulated kernel, by their numbers: who handles them, and what is written to their masks. */
export class Interrupts {
  readonly all = new Map<number, SimulatedInterrupt>();
  readonly writes: AffinityWrite[] = [];
  /** errors that the next writes to an interrupt meet, first first */
  readonly #refusals = new Map<number, string[]>();
  /** errors that every write to an interrupt meets */
  readonly #denials = new Map<number, string>();
  /** no message interrupt below it is free */
  #lowestFree = FIRST_MESSAGE_IRQ;

  /** @param managedCode what a write to a managed interrupt meets */
  constructor(
    readonly delivery: Delivery,
    private readonly masks: BitmapFormat,
    private readonly birthMask: Cpuset,
    private readonly managedCode: string,
  ) {}

  /** A legacy line may be shared: then the handlers are united, and the first to come says the rest. */
  add({ irq, type, handlers, input = irq, near = EMPTY }: NewInterrupt, description: InterruptDescription = {}): void {
    const shared = this.all.get(irq);
    if (shared) {
      if (shared.type !== 'intx' || type !== 'intx') throw new Error(`IRQ ${irq} is taken`);
      this.request(shared, handlers);
      return;
    }
    const { affinity, effective, managed = false, deferred = false, counts = {} } = description;
    const interrupt: SimulatedInterrupt = {
      irq,
      type,
      input,
      handlers: [],
      registered: false,
      affinity: this.birthMask,
      effective: EMPTY,
      managed,
      deferred,
      counts: { ...counts },
      near,
    };
    this.all.set(irq, interrupt);
    this.request(interrupt, handlers);
    if (affinity) interrupt.affinity = cpuList(affinity);
    if (!interrupt.registered) return;
    if (effective) this.delivery.settle(interrupt, cpuList(effective)[0]?.first ?? 0);
    else if (affinity) this.delivery.follow(interrupt);
  }

  /** Handlers are requested: for the first ones, and on a live vector once more, the mask is set up anew. */
  request(interrupt: SimulatedInterrupt, handlers: readonly string[]): void {
    const added = handlers.filter((handler) => !interrupt.handlers.includes(handler));
    if (handlers.length === 0 || (interrupt.type === 'intx' && added.length === 0)) return;
    const joins = interrupt.type === 'intx' && interrupt.handlers.length > 0;
    interrupt.handlers.push(...added);
    interrupt.registered = true;
    if (!joins && !this.delivery.activate(interrupt)) throw new Error('the host is out of interrupt vectors');
  }

  /** Handlers are freed. The number stays in /proc when the last one goes. */
  release(interrupt: SimulatedInterrupt, handlers: readonly string[]): void {
    interrupt.handlers = interrupt.handlers.filter((handler) => !handlers.includes(handler));
    if (interrupt.handlers.length === 0) this.delivery.stop(interrupt);
  }

  /** A message interrupt goes, or a line that no device uses; its number is free. */
  remove(irq: number): void {
    const interrupt = this.all.get(irq);
    if (interrupt) this.delivery.stop(interrupt);
    this.all.delete(irq);
    this.#refusals.delete(irq);
    this.#denials.delete(irq);
    this.#lowestFree = Math.max(FIRST_MESSAGE_IRQ, Math.min(this.#lowestFree, irq));
  }

  freeNumber(): number {
    while (this.all.has(this.#lowestFree)) this.#lowestFree++;
    return this.#lowestFree;
  }

  refuse(irq: number, codes: readonly string[]): void {
    this.#refusals.set(irq, [...(this.#refusals.get(irq) ?? []), ...codes]);
  }

  deny(irq: number, code: string | undefined): void {
    if (code === undefined) this.#denials.delete(irq);
    else this.#denials.set(irq, code);
  }

  write(irq: number, text: string, form: 'mask' | 'list'): void {
    const path = `/proc/irq/${irq}/smp_affinity${form === 'list' ? '_list' : ''}`;
    const interrupt = this.all.get(irq);
    if (!interrupt?.registered) throw new FileError('ENOENT', path);
    if (interrupt.managed) throw new FileError(this.managedCode, path);
    const code = this.#refusals.get(irq)?.shift() ?? this.#denials.get(irq);
    if (code) throw new FileError(code, path);
    const set = form === 'mask' ? this.masks.take(text) : this.masks.takeList(text);
    if (typeof set === 'string') throw new FileError(set, path);
    if (intersect(set, this.delivery.online).length === 0) throw new FileError('EINVAL', path);
    if (!this.delivery.place(interrupt, set)) throw new FileError('ENOSPC', path);
    this.writes.push({ irq, set });
  }
}
