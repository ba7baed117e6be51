import { readHandlers } from '../host/interrupt.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import { vfioAddress } from '../host/vfio-handlers.js';
import { BackOff } from '../lib/back-off.js';
import { TokenBucket } from '../lib/token-bucket.js';
import { UNCLEAR } from './fast-path.js';
import type { CheckContext, ManagedDomain } from './managed-domain.js';

/** The trace event precedes the /proc/irq entry. Retry after 1 ms, growing by 1.5, for some 800 ms in all. */
const RETRY_LIMITS = { firstMs: 1, factor: 1.5, maxMs: 1000 };
const MAX_RETRIES = 15;
/**
 * An IRQ is tried at once for this many trace events, then once a second: a guest can request and free it all the time.
 */
const NAMING_LIMITS = { capacity: 200, perSecond: 1 };
/** Number of IRQs whose trace events are counted. */
const MAX_KNOWN_IRQS = 4096;

interface Entry {
  /** time of the first trace event */
  seenAt: number;
  tries: number;
  nextTryAt: number;
  backOff: BackOff;
}

/** An IRQ with a VFIO handler, and the number of earlier attempts. */
export interface VfioIrq {
  irq: number;
  address: string;
  handlers: string[];
  tries: number;
}

/**
 * The IRQs that trace events named, until they are placed or found to belong to no managed device. Times are of the
 * watcher's clock.
 */
export class IrqQueue {
  readonly #entries = new Map<number, Entry>();
  readonly #namings = new Map<number, TokenBucket>();

  constructor(private readonly files: PseudoFs) {}

  /** @param seenAt time of the event */
  add(irqs: readonly number[], seenAt: number, now: number): void {
    for (const irq of irqs) {
      // the lag is measured from the first event
      const first = this.#entries.get(irq)?.seenAt ?? seenAt;
      const namings = this.#namingsOf(irq);
      const isFlood = !namings.hasTokens(now);
      // after too many events an IRQ gets one attempt when its turn comes
      if (isFlood && (this.#entries.get(irq)?.nextTryAt ?? now) > now) continue;
      const nextTryAt = namings.availableAt(now);
      namings.take(1, now);
      const tries = isFlood ? MAX_RETRIES : 0;
      this.#entries.set(irq, { seenAt: first, tries, nextTryAt, backOff: new BackOff(RETRY_LIMITS) });
    }
  }

  #namingsOf(irq: number): TokenBucket {
    const namings = this.#namings.get(irq) ?? new TokenBucket(NAMING_LIMITS);
    if (!this.#namings.has(irq)) {
      if (this.#namings.size >= MAX_KNOWN_IRQS) this.#namings.clear();
      this.#namings.set(irq, namings);
    }
    return namings;
  }

  /** When the first event of a queued IRQ was seen. */
  seenAt(irq: number): number | undefined {
    return this.#entries.get(irq)?.seenAt;
  }

  /** When process() must be called next; Infinity if the queue is empty. */
  get due(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { nextTryAt } of this.#entries.values()) due = Math.min(due, nextTryAt);
    return due;
  }

  /** Whether any IRQ waits for its /proc/irq entry. */
  get isWaiting(): boolean {
    return this.#entries.size > 0;
  }

  remove(irq: number): void {
    this.#entries.delete(irq);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Places the IRQs that are due on the fast path. If that is not possible, their device gets a full check. */
  process(domains: ReadonlyMap<string, ManagedDomain>, context: CheckContext): void {
    const unclear = new Set<number>();
    const dirty = new Map<ManagedDomain, Set<string>>();
    for (const { irq, address, handlers, tries } of this.take(context.now)) {
      const owners = ownersOf(address, domains);
      if (owners.length === 0) context.vectorUnplaced?.(address);
      if (owners.some((owner) => owner.isOverBudget(context.now))) {
        for (const { devices } of owners) devices.get(address)?.scheduleLateCheck(context.now);
        this.remove(irq);
        continue;
      }
      // a write may end the posting: a full check records the new vector instead
      if (context.posted.isPosted(irq)) {
        for (const { devices } of owners) devices.get(address)?.scheduleCheck(context.now);
        this.remove(irq);
        continue;
      }
      const checks = owners.map(({ devices }) => devices.get(address)?.interrupts.get(irq)?.check());
      // the event was caused by our own write
      if (checks.every((check) => check === 'same')) {
        this.remove(irq);
        continue;
      }
      const vector = { irq, handlers, tries, seenAt: this.seenAt(irq) ?? context.now };
      const [owner, another] = owners;
      const { outcome, placed } = owner && !another ? owner.placeOnFastPath(address, vector, context) : UNCLEAR;
      for (const one of placed) this.remove(one);
      if (outcome !== 'unclear') continue;
      context.vectorUnplaced?.(address);
      unclear.add(irq);
      for (const domain of owners) dirty.set(domain, (dirty.get(domain) ?? new Set()).add(address));
    }
    for (const [domain, addresses] of dirty) domain.check(context, addresses);
    // only now: the checks ask when the event was seen
    for (const irq of unclear) this.remove(irq);
  }

  /**
   * The IRQs that are due and have a VFIO handler. IRQs of other drivers are removed. The handlers are read when the
   * caller asks for the next IRQ, so that it can write right after that.
   */
  *take(now: number): Generator<VfioIrq> {
    for (const [irq, entry] of this.#entries) {
      if (entry.nextTryAt > now) continue;
      const handlers = this.#handlersOf(irq);
      const address = addressIn(handlers);
      if (address === undefined) this.#entries.delete(irq);
      const { tries } = entry;
      entry.nextTryAt = now + entry.backOff.next();
      entry.tries++;
      if (entry.tries > MAX_RETRIES) this.#entries.delete(irq);
      if (address) yield { irq, address, handlers, tries };
    }
  }

  /** Empty if they cannot be read: the IRQ is tried again, and the checks of its device report the cause. */
  #handlersOf(irq: number): string[] {
    try {
      return readHandlers(this.files, irq);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return [];
    }
  }
}

/** The domain that has the device, and an earlier one whose end is not known yet. */
function ownersOf(address: string, domains: ReadonlyMap<string, ManagedDomain>): ManagedDomain[] {
  return [...domains.values()].filter(({ devices }) => devices.has(address));
}

/** '' if there are no handlers; undefined if none is VFIO's. */
function addressIn(handlers: readonly string[]): string | undefined {
  if (handlers.length === 0) return '';
  for (const handler of handlers) {
    const address = vfioAddress(handler);
    if (address !== undefined) return address;
  }
  return undefined;
}
