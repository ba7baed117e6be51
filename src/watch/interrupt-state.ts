import type { InterruptReport } from '../affinity/report.js';
import { parseMask } from '../domain/cpu-mask.js';
import { formatCpuset } from '../domain/cpuset.js';
import { openMask, readHandlers } from '../host/interrupt.js';
import { FileError, type OpenFile, type PseudoFs, type WritableFile } from '../host/pseudo-fs.js';
import { isLine } from '../host/vfio-handlers.js';
import { type RepairDecision, RepairLimiter } from './repair-limiter.js';
import { WriteRetry } from './write-retry.js';

/** What a check found; `renewed`: the interrupt went away, and may be back as another one. */
export type CheckResult = 'same' | 'moved' | 'renewed';

/** What a report says of an interrupt, or what the fast path knows of it before the report. */
type Known = Pick<InterruptReport, 'affinity' | 'handlers'> & Partial<Pick<InterruptReport, 'effective'>>;

/** A write on the fast path that no full check has reported yet: CPU lists, and the time since the vector appeared. */
export interface FastPathWrite {
  from: string;
  to: string;
  lagMs: number;
}

/** One interrupt of a device as it was when last placed or left alone. Checking whether it still is costs one read. */
export class InterruptState {
  /** the CPU list that its affinity was within at the last full check; undefined: it was not placed */
  placedOn: string | undefined;
  fastPathWrite: FastPathWrite | undefined;
  /** what the limiter decided last, if that was not to repair */
  repairDecision: Exclude<RepairDecision, 'repair'> | undefined;
  readonly repairs = new RepairLimiter();
  readonly retry = new WriteRetry();
  readonly #file: OpenFile;
  readonly #mask: WritableFile | undefined;
  /** a CPU list; null if the kernel did not say */
  #effective: string | null = null;
  /** the text that a check expects; undefined: it did not match the last report */
  #expected: string | undefined;

  /**
   * @param handler its handler, if that is a VFIO handler of the device and the only one: then its mask is checked. Otherwise its
   * handlers are checked, which are what keeps it from being placed
   */
  constructor(
    private readonly files: PseudoFs,
    private readonly irq: number,
    readonly handler: string | undefined,
  ) {
    this.#mask = handler === undefined ? undefined : openMask(files, irq);
    this.#file = this.#mask ?? files.open(`/sys/kernel/irq/${irq}/actions`);
  }

  /** A vector that came back under its number is reported as renewed once: from then on it counts as new. */
  check(): CheckResult {
    try {
      // without handlers it may be back, with some
      const text = this.#file.read() ?? (this.handler === undefined ? this.#file.read() : undefined);
      if (text !== undefined) return text === this.#expected ? 'same' : 'moved';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    // it had no handlers, and the kernel may or may not have a file for it
    if (this.handler === undefined && this.#expected === '') return 'same';
    this.#forget();
    return 'renewed';
  }

  /** Whether effective_affinity is as at the last full check, and a legacy line still not shared. True for what VFIO does not handle alone. */
  isDeliveredAsBefore(): boolean {
    if (this.handler === undefined) return true;
    try {
      const text = this.files.read(`/proc/irq/${this.irq}/effective_affinity`);
      if ((cpuListOf(text ?? '') || null) !== this.#effective) return false;
      return !isLine(this.handler) || readHandlers(this.files, this.irq).join() === this.handler;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false; // the full check reports what is wrong
    }
  }

  #forget(): void {
    this.#expected = undefined;
    this.placedOn = undefined;
    this.fastPathWrite = undefined;
    this.retry.succeeded();
  }

  /** Nothing was done about it yet. */
  get isNew(): boolean {
    return this.placedOn === undefined && this.fastPathWrite === undefined && this.retry.retryAt === 0;
  }

  /** Its affinity as a CPU list; undefined if it is gone or unreadable. Only for what VFIO handles alone. */
  readAffinity(): string | undefined {
    try {
      // a descriptor of a removed file fails once, then the path is opened again
      const text = this.#file.read() ?? this.#file.read();
      return text === undefined ? undefined : cpuListOf(text);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }

  /**
   * Writes a mask to the interrupt whose affinity was read last, never to another that has its number since. Only for what VFIO
   * handles alone.
   * @throws FileError as WritableFile.write
   */
  write(mask: string): void {
    this.#mask?.write(mask);
  }

  /** Later checks compare with this, provided that it is still true. False if it went, or came back as another one, meanwhile. */
  record({ affinity, handlers, effective = null }: Known): boolean {
    this.#effective = effective;
    let text: string | undefined;
    try {
      text = this.#file.read();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    const isGone = text === undefined && this.handler !== undefined;
    if (isGone) this.#forget();
    const now = this.handler === undefined ? (text ?? '').trimEnd() : cpuListOf(text ?? '');
    const expected = this.handler === undefined ? handlers.join(',') : affinity;
    this.#expected = now === expected ? (text ?? '') : undefined;
    return !isGone;
  }

  close(): void {
    this.#file.close();
  }
}

/** CPU lists by the texts of masks: thousands of interrupts share a few. */
const cpuLists = new Map<string, string | undefined>();

function cpuListOf(mask: string): string | undefined {
  if (!cpuLists.has(mask)) {
    if (cpuLists.size >= 4096) cpuLists.clear();
    const set = parseMask(mask);
    cpuLists.set(mask, set && formatCpuset(set));
  }
  return cpuLists.get(mask);
}
