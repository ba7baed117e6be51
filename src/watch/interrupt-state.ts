import type { Continuity } from '../affinity/continuity.js';
import type { InterruptPlan } from '../affinity/domain-plan.js';
import { type WriteResult, writeAffinity } from '../affinity/write-affinity.js';
import { WriteRetry } from '../affinity/write-retry.js';
import { type Cpuset, equal } from '../domain/cpuset.js';
import { openMask, parseMaskOnce, readHandlers } from '../host/interrupt.js';
import { FileError, type OpenFile, type PseudoFs, type WritableFile } from '../host/pseudo-fs.js';
import { isLine } from '../host/vfio-handlers.js';
import { type RepairDecision, RepairLimiter } from './repair-limiter.js';

/** Result of a check. `renewed`: the interrupt went away; another vector may have its number. */
export type CheckResult = 'same' | 'moved' | 'renewed';

/** What a full check found of an interrupt, or what the fast path knows of it before that. */
type Known = Pick<InterruptPlan, 'affinity' | 'handlers'> & Partial<Pick<InterruptPlan, 'effective'>>;

/** A write on the fast path that no full check has reported yet, and the time since the vector appeared. */
export interface FastPathWrite {
  from: Cpuset;
  to: Cpuset;
  lagMs: number;
}

/**
 * One interrupt of a device, as it was when last placed or left alone. A check whether it has changed costs one read.
 */
export class InterruptState {
  /**
   * the set that its affinity was within at the last full check: the target, or the rest of the set; undefined: it was
   * not placed
   */
  placedOn: Cpuset | undefined;
  fastPathWrite: FastPathWrite | undefined;
  /** affinity before a failed write that moved it all the same, as a part was written; undefined: none since placed */
  movedFrom: Cpuset | undefined;
  /** the limiter's last decision, if that was not to repair */
  repairDecision: Exclude<RepairDecision, 'repair'> | undefined;
  /** whether it is still the vector that the last pass saw, and whose affinity that pass saved */
  continuity: Continuity = 'unknown';
  readonly repairs = new RepairLimiter();
  readonly retry = new WriteRetry();
  /** of the rest of the set, while its target has no room */
  readonly restRetry = new WriteRetry();
  readonly #file: OpenFile;
  readonly #mask: WritableFile | undefined;
  /** effective affinity at the last full check; null: the kernel did not report it */
  #effective: Cpuset | null = null;
  /** the text that a check expects; undefined: the file did not match the last full check */
  #expected: string | undefined;
  #hasEnded = false;

  /**
   * @param handler its handler, if it has only one and that is a VFIO handler of the device: checks then compare its
   *   mask. Otherwise undefined: checks compare its handlers, since they are the reason why it is not placed
   */
  constructor(
    private readonly files: PseudoFs,
    private readonly irq: number,
    readonly handler: string | undefined,
  ) {
    this.#mask = handler === undefined ? undefined : openMask(files, irq);
    this.#file = this.#mask ?? files.open(`/sys/kernel/irq/${irq}/actions`);
  }

  /** A vector that came back under its number is reported as renewed once; then it counts as new. */
  check(): CheckResult {
    try {
      // the descriptor of a removed file fails once; an interrupt without handlers may be back, with handlers
      const text = this.#file.read() ?? (this.handler === undefined ? this.#file.read() : undefined);
      if (text !== undefined) return text === this.#expected ? 'same' : 'moved';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    // it had no handlers; the kernel may then have no file for it
    if (this.handler === undefined && this.#expected === '') return 'same';
    this.#forget();
    return 'renewed';
  }

  /**
   * Whether effective_affinity is as at the last full check, and so are the handlers of a legacy line, which may be
   * shared by now. What VFIO does not handle alone is left alone, but counts as misplaced while it is elsewhere.
   */
  isDeliveredAsBefore(): boolean {
    if (this.handler === undefined && this.#effective === null) return true;
    try {
      const text = this.files.read(`/proc/irq/${this.irq}/effective_affinity`);
      const set = text === undefined ? undefined : parseMaskOnce(text);
      const effective = set && set.length > 0 ? set : null;
      if (effective !== this.#effective && !equal(effective, this.#effective)) return false;
      if (this.handler === undefined) return true;
      // without a descriptor a vector may have been replaced by another one with the same mask
      return (!isLine(this.handler) && this.#file.isKept) || this.#hasHandler(this.handler);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false; // the full check reports what is wrong
    }
  }

  #forget(): void {
    this.#expected = undefined;
    this.#hasEnded = true;
    this.continuity = 'renewed';
    this.placedOn = undefined;
    this.fastPathWrite = undefined;
    this.movedFrom = undefined;
    this.retry.succeeded();
    this.restRetry.succeeded();
    this.repairs.clear();
  }

  /** True once after the interrupt went away. */
  takeEnd(): boolean {
    const hasEnded = this.#hasEnded;
    this.#hasEnded = false;
    return hasEnded;
  }

  /** Whether no write was made or tried yet. */
  get isNew(): boolean {
    return this.placedOn === undefined && this.fastPathWrite === undefined && this.retry.retryAt === 0;
  }

  /** Undefined if it is gone or unreadable. Only for an interrupt that VFIO alone handles. */
  readAffinity(): Cpuset | undefined {
    try {
      // the descriptor of a removed file fails once, then the path is opened again
      const text = this.#file.read() ?? this.#file.read();
      return text === undefined ? undefined : parseMaskOnce(text);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }

  /**
   * Writes the interrupt whose affinity was read last, never another one that got its number later. Only for an
   * interrupt that VFIO alone handles.
   * @throws FileError as writeAffinity()
   */
  writeAffinity<R>(cpus: Cpuset, verify: () => R | undefined, first?: Cpuset): WriteResult<R> {
    if (!this.#mask) throw new TypeError('not an interrupt that VFIO handles alone');
    return writeAffinity(this.#mask, cpus, verify, first);
  }

  /**
   * Makes this the reference of later checks, if it is still true. False if the interrupt went away meanwhile; another
   * one may have its number.
   */
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
    const isTrue =
      this.handler === undefined
        ? (text ?? '').trimEnd() === handlers.join(',')
        : text !== undefined && equal(parseMaskOnce(text), affinity);
    this.#expected = isTrue ? (text ?? '') : undefined;
    return !isGone;
  }

  /**
   * As record(), after a pass. @param isSaved it has saved its state: from here on the descriptor shows whether it is
   * the same vector
   */
  recordPass(known: Known, isSaved: boolean): void {
    const wasSame = this.continuity === 'same';
    if (!this.record(known)) return;
    // a descriptor that is newer than the plan may be that of another vector with the same number and mask
    if (!wasSame && this.handler !== undefined && !this.#hasHandler(this.handler)) this.#expected = undefined;
    if (!isSaved) return;
    this.continuity = this.#expected !== undefined && this.#file.isKept ? 'same' : 'unknown';
  }

  /** False if that cannot be read. */
  #hasHandler(handler: string): boolean {
    try {
      return readHandlers(this.files, this.irq).join() === handler;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false;
    }
  }

  close(): void {
    this.#file.close();
  }
}
