import { type Cpuset, EMPTY, intersect, isSubset } from '../../src/domain/cpuset.js';
import type { InterruptType } from '../../src/host/pci-device.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import type { BitmapFormat } from './bitmap.js';
import { cpuList, type InterruptDescription } from './description.js';
import type { SimulatedInterrupt, VectorAllocator } from './vector-allocator.js';

/** Lower numbers are legacy lines. */
const FIRST_MESSAGE_IRQ = 24;

/** A successful write, recorded for tests. */
export interface AffinityWrite {
  irq: number;
  set: Cpuset;
}

export interface NewInterrupt {
  irq: number;
  type: InterruptType;
  handlers: readonly string[];
  /**
   * of a line: the interrupt controller's input that it is wired to, default its IRQ number; of a vector: its number
   */
  input?: number;
  /** CPUs of its device's node */
  near?: Cpuset | undefined;
}

/** All interrupts of a simulated kernel by IRQ number: their handlers, and writes to their masks. */
export class Interrupts {
  readonly all = new Map<number, SimulatedInterrupt>();
  readonly writes: AffinityWrite[] = [];
  /** errors of the next writes to an interrupt, in order */
  readonly #nextErrors = new Map<number, string[]>();
  /** errors of all writes to an interrupt */
  readonly #errors = new Map<number, string>();
  /** CPUs that are out of vectors for an interrupt */
  readonly #full = new Map<number, Cpuset>();
  /** no lower number is free for a message interrupt */
  #lowestFree = FIRST_MESSAGE_IRQ;

  /** @param managedError of a write to a managed interrupt */
  constructor(
    readonly allocator: VectorAllocator,
    private readonly masks: BitmapFormat,
    private readonly defaultAffinity: Cpuset,
    private readonly managedError: string,
  ) {}

  /** A second legacy line with the same number shares it: only its handlers are added. */
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
      affinity: this.defaultAffinity,
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
    if (effective) this.allocator.setCpu(interrupt, cpuList(effective)[0]?.first ?? 0);
    else if (affinity) this.allocator.applyMask(interrupt);
  }

  /** Requests handlers. For the first ones, and again for those of a vector, the kernel sets up the mask. */
  request(interrupt: SimulatedInterrupt, handlers: readonly string[]): void {
    const added = handlers.filter((handler) => !interrupt.handlers.includes(handler));
    if (handlers.length === 0 || (interrupt.type === 'intx' && added.length === 0)) return;
    const isShared = interrupt.type === 'intx' && interrupt.handlers.length > 0;
    interrupt.handlers.push(...added);
    interrupt.registered = true;
    if (!isShared && !this.allocator.activate(interrupt)) throw new Error('the host is out of interrupt vectors');
  }

  /** Frees handlers. After the last one, the IRQ stays in /proc. */
  release(interrupt: SimulatedInterrupt, handlers: readonly string[]): void {
    interrupt.handlers = interrupt.handlers.filter((handler) => !handlers.includes(handler));
    if (interrupt.handlers.length === 0) this.allocator.stop(interrupt);
  }

  /** Removes a message interrupt, or a line that no device uses; its number is free then. */
  remove(irq: number): void {
    const interrupt = this.all.get(irq);
    if (interrupt) this.allocator.stop(interrupt);
    this.all.delete(irq);
    this.#nextErrors.delete(irq);
    this.#errors.delete(irq);
    this.#full.delete(irq);
    this.#lowestFree = Math.max(FIRST_MESSAGE_IRQ, Math.min(this.#lowestFree, irq));
  }

  freeNumber(): number {
    while (this.all.has(this.#lowestFree)) this.#lowestFree++;
    return this.#lowestFree;
  }

  failNextWrites(irq: number, codes: readonly string[]): void {
    this.#nextErrors.set(irq, [...(this.#nextErrors.get(irq) ?? []), ...codes]);
  }

  failAllWrites(irq: number, code: string | undefined): void {
    this.#nextErrors.delete(irq);
    this.#full.delete(irq);
    if (code === undefined) this.#errors.delete(irq);
    else this.#errors.set(irq, code);
  }

  fill(irq: number, cpus: Cpuset): void {
    this.#full.set(irq, cpus);
  }

  write(irq: number, text: string, form: 'mask' | 'list'): void {
    const path = `/proc/irq/${irq}/smp_affinity${form === 'list' ? '_list' : ''}`;
    const interrupt = this.all.get(irq);
    if (!interrupt?.registered) throw new FileError('ENOENT', path);
    if (interrupt.managed) throw new FileError(this.managedError, path);
    const code = this.#nextErrors.get(irq)?.shift() ?? this.#errors.get(irq);
    if (code) throw new FileError(code, path);
    const set = form === 'mask' ? this.masks.parse(text) : this.masks.parseList(text);
    if (typeof set === 'string') throw new FileError(set, path);
    const usable = intersect(set, this.allocator.online);
    if (usable.length === 0) throw new FileError('EINVAL', path);
    const isFull = isSubset(usable, this.#full.get(irq) ?? EMPTY) && !isSubset(interrupt.effective, usable);
    if (isFull) throw new FileError('ENOSPC', path);
    if (!this.allocator.setAffinity(interrupt, set)) throw new FileError('ENOSPC', path);
    this.writes.push({ irq, set });
  }
}
