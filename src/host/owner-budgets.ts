import { type BucketLimits, TokenBucket } from '../lib/token-bucket.js';
import { formatOwner, type OwnerRecords, readOwner } from './process-owner.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/** Most processes take less. Their owners are then not read. */
const COUNTED_MS = 0.5;
/** The time for one owner, in ms. When it is first read, a QEMU with 60 descriptors takes 1, one with 1,000 some 20. */
const LIMITS: BucketLimits = { capacity: 1000, perSecond: 10 };
const MAX_KNOWN = 1024;

/** What tells whose a process is. */
export interface OwnerContext {
  records: OwnerRecords;
  /** as namesInPidFiles() */
  namesOf(pid: number): string[];
}

/**
 * Limits the time in which the processes of one owner are read. Whoever starts many processes, or processes that take
 * long to read, would otherwise delay everybody's guests.
 */
export class OwnerBudgets {
  readonly #budgets = new Map<string, TokenBucket>();
  /** owners that have used up their time */
  readonly #debtors = new Set<string>();

  constructor(
    private readonly files: PseudoFs,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Before a scan: owners may be read again. */
  refresh(): void {
    const now = this.now();
    for (const owner of this.#debtors)
      if (this.#budgets.get(owner)?.hasTokens(now) !== false) this.#debtors.delete(owner);
  }

  /** Reads a process. @throws FileError EDQUOT if its owner has used up its time; errors of the action */
  read<T>(pid: number, context: OwnerContext, action: () => T): T {
    // most hosts have no debtor: then no owner is read
    const owner = this.#debtors.size > 0 ? this.#ownerOf(pid, context) : undefined;
    if (owner !== undefined && this.#debtors.has(owner)) throw new TooSlow(pid, owner);
    const began = this.now();
    try {
      return action();
    } finally {
      const ended = this.now();
      if (ended - began > COUNTED_MS) this.#charge(pid, context, ended - began, ended);
    }
  }

  #charge(pid: number, context: OwnerContext, ms: number, now: number): void {
    const owner = this.#ownerOf(pid, context);
    if (owner === undefined) return;
    if (this.#budgets.size >= MAX_KNOWN && !this.#budgets.has(owner)) this.#budgets.clear();
    const budget = this.#budgets.get(owner) ?? new TokenBucket(LIMITS);
    this.#budgets.set(owner, budget);
    budget.take(ms, now);
    if (!budget.hasTokens(now)) this.#debtors.add(owner);
  }

  /**
   * Undefined for an owner who is not limited, and for a process that has ended. Not limited are root of the host and
   * its libvirt, which may run hundreds of guests as one user.
   */
  #ownerOf(pid: number, { records, namesOf }: OwnerContext): string | undefined {
    try {
      if (namesOf(pid).length > 0) return undefined;
      const owner = readOwner(this.files, pid, records);
      return owner && owner.kind !== 'host' ? formatOwner(owner) : undefined;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }
}

class TooSlow extends FileError {
  constructor(pid: number, owner: string) {
    super('EDQUOT', `/proc/${pid}`);
    this.message = `${this.path}: not read: reading the processes of ${owner} takes too long`;
  }
}
