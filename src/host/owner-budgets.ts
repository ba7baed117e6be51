import { TokenBuckets } from '../lib/token-buckets.js';
import { type ProcessId, readProcessId } from './process-id.js';
import { formatOwner, type OwnerRecords, readLoginUser, readOwner } from './process-owner.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/** Most processes take less. Their owners are then not read, unless they run QEMU and so are read at each scan. */
const COUNTED_MS = 0.5;
/** The time for one owner, in ms. When it is first read, a QEMU with 60 descriptors takes 1, one with 1,000 some 20. */
const LIMITS = { capacity: 1000, perSecond: 10 };
const MAX_KNOWN = 1024;
const MAX_PROCESSES = 65_536;

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
  readonly #budgets = new TokenBuckets(LIMITS, MAX_KNOWN);
  /** whose time a process takes, by pid; null: it is not limited */
  readonly #owners = new Map<number, { startTime: number; owner: string | null }>();
  /** owners that have used up their time */
  readonly #debtors = new Set<string>();

  constructor(
    private readonly files: PseudoFs,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Before a scan: owners may be read again. */
  refresh(): void {
    const now = this.now();
    for (const owner of this.#debtors) if (this.#budgets.hasTokens(owner, now)) this.#debtors.delete(owner);
  }

  /**
   * Reads a process.
   * @param qemu the process, if the action has found that it runs QEMU
   * @throws FileError EDQUOT if its owner has used up its time; errors of the action
   */
  read<T>(pid: number, context: OwnerContext, action: () => T, qemu: () => ProcessId | undefined): T {
    // most hosts have no debtor: then no owner is read
    const owner = this.#debtors.size > 0 ? this.#ownerOf(pid, context) : null;
    if (owner !== null && this.#debtors.has(owner)) throw new TooSlow(pid, owner);
    const began = this.now();
    try {
      return action();
    } finally {
      const ended = this.now();
      const id = qemu();
      if (id || ended - began > COUNTED_MS) this.#charge(this.#ownerOf(pid, context, id), ended - began, ended);
    }
  }

  #charge(owner: string | null, ms: number, now: number): void {
    if (owner === null) return;
    this.#budgets.take(owner, ms, now);
    if (!this.#budgets.hasTokens(owner, now)) this.#debtors.add(owner);
  }

  #ownerOf(pid: number, context: OwnerContext, id = this.#idOf(pid)): string | null {
    const known = this.#owners.get(pid);
    if (known && known.startTime === id?.startTime) return known.owner;
    const owner = this.#readOwner(pid, context);
    if (owner === undefined || !id) return owner ?? null;
    if (this.#owners.size >= MAX_PROCESSES) this.#owners.clear();
    this.#owners.set(pid, { startTime: id.startTime, owner });
    return owner;
  }

  #idOf(pid: number): ProcessId | undefined {
    try {
      return readProcessId(this.files, pid);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return undefined;
    }
  }

  /**
   * Null for an owner who is not limited: root of the host and its libvirt, which may run hundreds of guests as one
   * user. Undefined if that cannot be read.
   */
  #readOwner(pid: number, { records, namesOf }: OwnerContext): string | null | undefined {
    try {
      if (namesOf(pid).length > 0) return null;
      const owner = readOwner(this.files, pid, records);
      if (owner?.kind !== 'user') return owner && (owner.kind === 'host' ? null : formatOwner(owner));
      return formatOwner(readLoginUser(this.files, pid, records) ?? owner);
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
