import type { InterruptReport } from '../affinity/report.js';
import { parseMask } from '../domain/cpu-mask.js';
import { formatCpuset } from '../domain/cpuset.js';
import { openMask, readHandlers } from '../host/interrupt.js';
import { FileError, type OpenFile, type PseudoFs, type WritableFile } from '../host/pseudo-fs.js';
import { isLine } from '../host/vfio-handlers.js';
import { BackOff } from './back-off.js';
import { RepairLimiter } from './repair-limiter.js';

/** What a look at one interrupt came to; `renewed`: it went away, and may be back as another. */
export type Look = 'same' | 'moved' | 'renewed';

/** What a report says of one, or what is known of one that was placed ahead of the close look that reports it. */
type Known = Pick<InterruptReport, 'affinity' | 'handlers'> & Partial<Pick<InterruptReport, 'effective'>>;

/** One interrupt of a device, as it was when it was last placed or left alone: one read says whether it still is. */
export class InterruptState {
  /** the set that it was within when it was last looked at closely; undefined: of none */
  settled: string | undefined;
  /** it was placed ahead of a close look, which is still to come: CPU lists, and milliseconds since it appeared */
  ahead: { from: string; to: string; lagMs: number } | undefined;
  /** what the contest came to when it was last asked */
  quarrel: 'none' | 'contested' | 'leave' = 'none';
  readonly contest = new RepairLimiter();
  readonly backOff = new BackOff();
  readonly #file: OpenFile;
  readonly #mask: WritableFile | undefined;
  /** a CPU list; null where the kernel did not say */
  #effective: string | null = null;
  /** undefined: nothing that was read can be what is expected */
  #seen: string | undefined;

  /**
   * @param handler its handler, if that is VFIO's for the device alone: then its mask is looked at. Else the handlers are, for they are
   * what keeps it from being placed
   */
  constructor(
    private readonly files: PseudoFs,
    private readonly irq: number,
    readonly handler: string | undefined,
  ) {
    this.#mask = handler === undefined ? undefined : openMask(files, irq);
    this.#file = this.#mask ?? files.open(`/sys/kernel/irq/${irq}/actions`);
  }

  /** What came back under its number is known as a new one from here on, for that shows once only. */
  look(): Look {
    try {
      // without handlers it may be back, with some
      const text = this.#file.read() ?? (this.handler === undefined ? this.#file.read() : undefined);
      if (text !== undefined) return text === this.#seen ? 'same' : 'moved';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    // a mask cannot be read of what is gone, and without handlers the kernel need not say so
    if (this.handler === undefined && this.#seen === '') return 'same';
    this.#forget();
    return 'renewed';
  }

  /** Whether it goes where it went when it was looked at closely, and a line is still nobody else's; of what is VFIO's alone. */
  isSameBeyondItsMask(): boolean {
    if (this.handler === undefined) return true;
    try {
      const text = this.files.read(`/proc/irq/${this.irq}/effective_affinity`);
      if ((listOf(text ?? '') || null) !== this.#effective) return false;
      return !isLine(this.handler) || readHandlers(this.files, this.irq).join() === this.handler;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false; // the close look says what is wrong
    }
  }

  #forget(): void {
    this.#seen = undefined;
    this.settled = undefined;
    this.ahead = undefined;
    this.backOff.succeeded();
  }

  /** Nothing is known of it yet. */
  get isNew(): boolean {
    return this.settled === undefined && this.ahead === undefined && this.backOff.until === 0;
  }

  /** Its mask as a CPU list; undefined where it is gone, or is no mask. Only where the handler is VFIO's. */
  readAffinity(): string | undefined {
    try {
      // a descriptor of what went says so once
      const text = this.#file.read() ?? this.#file.read();
      return text === undefined ? undefined : listOf(text);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }

  /**
   * Writes a mask to the interrupt whose affinity was read last, and to no other that has its number since. Only where the handler is VFIO's.
   * @throws FileError as Files.write
   */
  write(mask: string): void {
    this.#mask?.write(mask);
  }

  /** Takes what a report says for granted, if it is still true. False where it went, or came back as another one, under the look. */
  adopt({ affinity, handlers, effective = null }: Known): boolean {
    this.#effective = effective;
    let text: string | undefined;
    try {
      text = this.#file.read();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    const isGone = text === undefined && this.handler !== undefined;
    if (isGone) this.#forget();
    const now = this.handler === undefined ? (text ?? '').trimEnd() : listOf(text ?? '');
    const expected = this.handler === undefined ? handlers.join(',') : affinity;
    this.#seen = now === expected ? (text ?? '') : undefined;
    return !isGone;
  }

  close(): void {
    this.#file.close();
  }
}

/** CPU lists by masks' texts: thousands of interrupts have the same few. */
const known = new Map<string, string | undefined>();

function listOf(mask: string): string | undefined {
  if (!known.has(mask)) {
    if (known.size >= 4096) known.clear();
    const set = parseMask(mask);
    known.set(mask, set && formatCpuset(set));
  }
  return known.get(mask);
}
