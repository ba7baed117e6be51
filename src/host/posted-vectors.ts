import type { InterruptCounts } from './interrupt-counts.js';
import type { PostingEvent } from './posting-events.js';

/** What is known of a vector. `apicId`: of the vCPU that it is posted to. */
export interface KnownPosting {
  isPosted: boolean;
  apicId?: number;
  /** how often the host took it when that was last read while it was posted */
  count?: number;
}

/** What is known of the posting of a vector with these handlers; undefined: nothing. */
export type PostingOf = (irq: number, handlers: readonly string[]) => KnownPosting | undefined;

/**
 * Which IRQs are posted to vCPUs, by trace events and counts. Nothing is known of an IRQ that no event has named since
 * we listen. KVM ends posting without an event until 6.12 on Intel where the guest chooses several vCPUs, and AMD's
 * events before 6.17 name vectors that are not posted: where the host takes a vector, it is not posted.
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

  /** IRQs that are posted now and were not, or the other way round. */
  take(events: readonly PostingEvent[]): number[] {
    const before = new Set(this.#posted());
    for (const event of events) {
      if (event.kind === 'lost') this.#known.clear();
      // it may be another interrupt's number, and before 6.15 a move ends the posting on Intel
      else if (event.kind === 'moved') this.#known.delete(event.irq);
      else if (event.kind === 'posted') this.#known.set(event.irq, { isPosted: true, apicId: event.apicId });
      else this.#known.set(event.irq, { isPosted: false });
    }
    const after = new Set(this.#posted());
    return [...[...before].filter((irq) => !after.has(irq)), ...[...after].filter((irq) => !before.has(irq))];
  }

  /** @returns IRQs that the host has taken since the last time, and that are not posted therefore */
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

  /** No events come, or none came for a while. */
  clear(): void {
    this.#known.clear();
  }

  *#posted(): Generator<number> {
    for (const [irq, { isPosted }] of this.#known) if (isPosted) yield irq;
  }
}
