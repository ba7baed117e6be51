import type { DeviceReport, InterruptReport } from '../affinity/report.js';
import type { PciAddress } from '../domain/address.js';
import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import { BackOff } from './back-off.js';
import { InterruptState, type Look } from './interrupt-state.js';
import { IrqNumbers } from './irq-numbers.js';

/**
 * A close look follows what was placed ahead of it when nothing more has come for so long, and at the latest after so long, in
 * milliseconds: in between it would keep the next from being placed.
 */
const SOON = 300;
const LATEST = 1000;

/** When it is looked at, how many numbers the host has, and whether at what the masks do not say as well. */
export interface DeviceLook {
  now: number;
  numbers(): number | undefined;
  beyondMasks?: boolean;
}

/** One device: the numbers of its interrupts, and each of these. Looking costs a read an interrupt. */
export class DeviceState {
  readonly interrupts = new Map<number, InterruptState>();
  /** when it was last looked at, on the clock: what is new since then came after it */
  lookedAt: number | undefined;
  /** when something is to be tried again; Infinity where nothing is */
  retryAt = Number.POSITIVE_INFINITY;
  #cpus: string | undefined;
  #mask = '';
  /** why it cannot be read, and when it is tried again */
  readonly #unreadable = new BackOff();
  #ahead: { since: number; due: number } | undefined;
  readonly #numbers: IrqNumbers;

  constructor(
    private readonly files: PseudoFs,
    readonly address: PciAddress,
  ) {
    this.#numbers = new IrqNumbers(files, address);
  }

  /** Where its vectors belong, as the last close look found: a CPU list; undefined where that may not be taken for granted. */
  get cpus(): string | undefined {
    return this.#cpus;
  }

  set cpus(cpus: string | undefined) {
    if (cpus !== undefined && cpus !== this.#cpus) this.#mask = `${formatMask(parseCpuList(cpus) ?? [])}\n`;
    this.#cpus = cpus;
  }

  /** The same as a mask, as the kernel takes it. */
  get mask(): string {
    return this.#mask;
  }

  /** How many of its interrupts are kept where they belong: a vector that nobody has requested is none of them. */
  get heldCount(): number {
    let count = 0;
    for (const { handler } of this.interrupts.values()) if (handler !== undefined) count++;
    return count;
  }

  /** When it wants a close look, on the clock; Infinity where it wants none. */
  get due(): number {
    return Math.min(this.retryAt, this.#ahead?.due ?? Number.POSITIVE_INFINITY);
  }

  /** Whether something was placed ahead of a close look, which is still to come. */
  get isAhead(): boolean {
    return this.#ahead !== undefined;
  }

  /** Something was placed ahead of a close look, or is other than it was. */
  lookSoon(now: number): void {
    const since = this.#ahead?.since ?? now;
    this.#ahead = { since, due: Math.min(now + SOON, since + LATEST) };
  }

  /** Something went, and nothing is to be told of it: what takes its place is mostly about to come. */
  lookInTime(now: number): void {
    this.#ahead ??= { since: now, due: now + LATEST };
  }

  /** The close look that would follow now waits for more, but no longer than it may. */
  lookLater(now: number): void {
    if (this.#ahead && this.#ahead.due <= now) this.lookSoon(now);
  }

  /** It cannot be read: it is left as it was, and looked at again later, less and less often. */
  cannotRead(now: number): void {
    this.#unreadable.failed(null, 'unreadable', 'transient', now);
    this.#ahead = undefined;
    this.retryAt = this.#unreadable.until;
  }

  /** It could not be read a moment ago. */
  rests(now: number): boolean {
    return now < this.#unreadable.until;
  }

  /** The close look that was due did not come so far. */
  postpone(until: number): void {
    this.#ahead = undefined;
    this.retryAt = until;
  }

  /**
   * What is other than it was: `moved`: an interrupt, at the least; `renewed`: some went or came, and that is all. Those that came back
   * under their numbers are known as new ones from here on.
   */
  look({ now, numbers, beyondMasks = false }: DeviceLook): Look {
    const looks = new Set<Look>([this.#numbers.haveChanged(now, numbers()) ? 'renewed' : 'same']);
    for (const interrupt of this.interrupts.values()) {
      const look = interrupt.look();
      looks.add(look === 'same' && beyondMasks && !interrupt.isSameBeyondItsMask() ? 'moved' : look);
    }
    return (['moved', 'renewed', 'same'] as const).find((look) => looks.has(look)) as Look;
  }

  /** Takes what a report says of it for granted, as far as it is still true. */
  adopt({ interrupts }: DeviceReport): void {
    this.#ahead = undefined;
    this.#unreadable.succeeded();
    this.#numbers.adopt(interrupts.filter(({ type }) => type !== 'intx').map(({ irq }) => irq));
    const present = new Set(interrupts.map(({ irq }) => irq));
    for (const irq of this.interrupts.keys()) if (!present.has(irq)) this.forget(irq);
    for (const interrupt of interrupts) this.watchOf(interrupt).adopt(interrupt);
  }

  /** The watch of an interrupt; a new one where its number is another vector's now. */
  watchOf({ irq, handlers, affinity }: Pick<InterruptReport, 'irq' | 'handlers' | 'affinity'>): InterruptState {
    const ours = affinity !== null && vfioOwnership(handlers, this.address).ours;
    return this.watchAs(irq, ours ? handlers[0] : undefined);
  }

  /** The same of one whose handler is known; undefined where that is not VFIO's for the device alone. */
  watchAs(irq: number, handler: string | undefined): InterruptState {
    const known = this.interrupts.get(irq);
    if (known?.handler === handler && known) return known;
    known?.close();
    const watch = new InterruptState(this.files, irq, handler);
    this.interrupts.set(irq, watch);
    return watch;
  }

  /** Those that the kernel lists for it now, in ascending order. */
  numbers(): number[] {
    return this.#numbers.read();
  }

  /** Nothing is known of it any more. */
  forget(irq: number): void {
    this.interrupts.get(irq)?.close();
    this.interrupts.delete(irq);
  }

  close(): void {
    for (const watch of this.interrupts.values()) watch.close();
    this.interrupts.clear();
  }
}
