import type { InterruptCounts } from './interrupt-counts.js';
import type { PostingEvent } from './posting-events.js';

/** The known posting of a vector. `apicId`: of the vCPU that it is posted to. */
export interface KnownPosting {
  isPosted: boolean;
  apicId?: number;
  /** how often the host had taken it at the last read while it was posted */
  count?: number;
}

/** The known posting of a vector with these handlers; undefined: unknown. */
export type PostingOf = (irq: number, handlers: readonly string[]) => KnownPosting | undefined;

/**
 * Which IRQs are posted to vCPUs, from trace events and counts. The posting of an IRQ is unknown until a trace event
 * names it. Events alone are not enough: until 6.12 on Intel, KVM ends posting without an event if the guest directs
 * the interrupt to several vCPUs, and before 6.17 AMD's events also name vectors that are not posted. If the count
 * shows that the host takes a vector, it is not posted.
 */
export class PostedVectors {
  readonly #known = new Map<number, KnownPosting>();

  /** Undefined: unknown. */
  of(irq: number): Readonly<KnownPosting> | undefined {
    return this.#known.get(irq);
  }

  isPosted(irq: number): boolean {
    return this.#known.get(irq)?.isPosted === true;
  }

  /** @returns IRQs whose posting has begun or ended */
  take(events: readonly PostingEvent[]): number[] {
    const before = new Set(this.#posted());
    for (const event of events) {
      if (event.kind === 'lost') this.#known.clear();
      // another interrupt may have the number; and before 6.15 on Intel, a move ends the posting
      else if (event.kind === 'moved') this.#known.delete(event.irq);
      else if (event.kind === 'posted') this.#known.set(event.irq, { isPosted: true, apicId: event.apicId });
      else this.#known.set(event.irq, { isPosted: false });
    }
    const after = new Set(this.#posted());
    return [...[...before].filter((irq) => !after.has(irq)), ...[...after].filter((irq) => !before.has(irq))];
  }

  /** @returns IRQs that the host has taken since the last call, and that are therefore not posted */
  takeCounts(counts: InterruptCounts): number[] {
    const taken: number[] = [];
    for (const [irq, byCpu] of counts) {
      const known = this.#known.get(irq);
      if (!known?.isPosted) continue;
      const count = Object.values(byCpu).reduce((sum, one) => sum + one, 0);
      if (known.count !== undefined && count > known.count) {
        this.#known.set(irq, { isPosted: false });
        taken.push(irq);
      } else known.count = count;
    }
    return taken;
  }

  /** Trace events are unavailable, or were missed. */
  clear(): void {
    this.#known.clear();
  }

  *#posted(): Generator<number> {
    for (const [irq, { isPosted }] of this.#known) if (isPosted) yield irq;
  }
}
