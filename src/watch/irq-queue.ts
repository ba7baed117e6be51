import { readHandlers } from '../host/interrupt.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';

/** The kernel speaks of an interrupt before it can be seen: it is looked for again after 1 ms, then after half as long again. */
const GROWTH = 1.5;
/** Some 800 ms in all. */
const TRIES = 15;

interface Word {
  /** when the kernel said so */
  at: number;
  tries: number;
  next: number;
}

/** An interrupt of VFIO's, and how often it was looked for before. */
export interface Found {
  irq: number;
  address: string;
  handlers: string[];
  tries: number;
}

/** Interrupts that the kernel named, until it is known whose they are. */
export class IrqQueue {
  readonly #words = new Map<number, Word>();

  add(irq: number, at: number, now: number): void {
    // the first word is the one that counts for the lag
    this.#words.set(irq, { at: this.#words.get(irq)?.at ?? at, tries: 0, next: now });
  }

  at(irq: number): number | undefined {
    return this.#words.get(irq)?.at;
  }

  /** When it wants to be asked; Infinity where nothing was heard. */
  get due(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { next } of this.#words.values()) due = Math.min(due, next);
    return due;
  }

  /**
   * The interrupts of VFIO's among those that are due to be looked for: their device, and what handles them. Each is read when it is
   * asked for, not before: so it can be written to right after that.
   */
  *found(files: PseudoFs, now: number): Generator<Found> {
    for (const [irq, word] of this.#words) {
      if (word.next > now) continue;
      const handlers = handlersOf(files, irq);
      const address = addressIn(handlers);
      if (address === undefined) this.#words.delete(irq);
      const { tries } = word;
      this.#later(irq, word, now);
      if (address) yield { irq, address, handlers, tries };
    }
  }

  /** Whether there are some that are looked for again: they are about to be seen. */
  get isWaiting(): boolean {
    return this.#words.size > 0;
  }

  /** It has been seen, and what was to be done is done. */
  settled(irq: number): void {
    this.#words.delete(irq);
  }

  clear(): void {
    this.#words.clear();
  }

  #later(irq: number, word: Word, now: number): void {
    word.next = now + GROWTH ** word.tries;
    word.tries++;
    if (word.tries > TRIES) this.#words.delete(irq);
  }
}

/** None where they cannot be read: it is asked for again, and the looks at its device say what is wrong. */
function handlersOf(files: PseudoFs, irq: number): string[] {
  try {
    return readHandlers(files, irq);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return [];
  }
}

/** '' where nobody has requested it yet; undefined where it is none of VFIO's. */
function addressIn(handlers: readonly string[]): string | undefined {
  if (handlers.length === 0) return '';
  for (const handler of handlers) {
    const address = /^vfio-(?:intx|msix?\[\d+\])\((.+)\)$/.exec(handler)?.[1];
    if (address !== undefined) return address;
  }
  return undefined;
}
