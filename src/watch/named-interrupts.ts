import type { PseudoFs } from '../host/pseudo-fs.js';
import type { LookContext, ManagedDomain } from './domain-state.js';
import { UNCLEAR } from './fast-path.js';
import { IrqQueue } from './irq-queue.js';

/** What the kernel named: placed at once where it is clear what it is, else looked at closely. */
export class NamedInterrupts {
  readonly #heard = new IrqQueue();

  constructor(
    private readonly files: PseudoFs,
    private readonly domains: ReadonlyMap<string, ManagedDomain>,
  ) {}

  /** @param at when the kernel said so, on the clock */
  add(irqs: readonly number[], at: number, now: number): void {
    for (const irq of irqs) this.#heard.add(irq, at, now);
  }

  /** When the kernel first spoke of one that is not settled yet. */
  at(irq: number): number | undefined {
    return this.#heard.at(irq);
  }

  /** When it wants to look, on the clock; Infinity where nothing was named. */
  get due(): number {
    return this.#heard.due;
  }

  /** Whether some were named that cannot be seen yet. */
  get isWaiting(): boolean {
    return this.#heard.isWaiting;
  }

  clear(): void {
    this.#heard.clear();
  }

  look(context: LookContext): void {
    const unclear = new Map<number, string>();
    const changed = new Map<ManagedDomain, Set<string>>();
    for (const { irq, address, handlers, tries } of this.#heard.found(this.files, context.now)) {
      const domains = this.#holdersOf(address);
      const looks = domains.map(({ devices }) => devices.get(address)?.interrupts.get(irq)?.look());
      // our own writes are told of, too
      if (looks.every((look) => look === 'same')) {
        this.#heard.settled(irq);
        continue;
      }
      const appeared = { irq, handlers, tries, at: this.#heard.at(irq) ?? context.now };
      const [only, other] = domains;
      const { done, placed } = only && !other ? only.placeOnFastPath(address, appeared, context) : UNCLEAR;
      for (const one of placed) this.#heard.settled(one);
      if (done !== 'unclear') continue;
      unclear.set(irq, address);
      for (const domain of domains) changed.set(domain, (changed.get(domain) ?? new Set()).add(address));
    }
    for (const [domain, addresses] of changed) domain.look(context, addresses);
    this.#settle(unclear);
  }

  /** What has no file in /proc yet is asked for again. @param unclear addresses of devices, by interrupt */
  #settle(unclear: ReadonlyMap<number, string>): void {
    for (const [irq, address] of unclear) {
      const seen = this.#holdersOf(address).some(({ devices }) => devices.get(address)?.interrupts.get(irq)?.handler);
      if (seen) this.#heard.settled(irq);
    }
  }

  /** The domain that has the device; with it, one that had it and of whose end we have not heard yet. */
  #holdersOf(address: string): ManagedDomain[] {
    return [...this.domains.values()].filter(({ devices }) => devices.has(address));
  }
}
