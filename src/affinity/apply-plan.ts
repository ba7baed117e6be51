import type { PciAddress } from '../domain/address.js';
import { type Cpuset, EMPTY, equal, intersect, isSubset } from '../domain/cpuset.js';
import { openMask, readInterrupt } from '../host/interrupt.js';
import { FileError, type PseudoFs, type WritableFile } from '../host/pseudo-fs.js';
import { type DomainPlan, type InterruptPlan, mapInterrupts } from './domain-plan.js';
import type { NotSeen, Reason, Refusal } from './reason.js';
import { vectorKey } from './vector-key.js';
import { restOfSet } from './vector-target.js';
import { changeOf, type Target, verifyHandlers, verifyTarget } from './verify-target.js';
import { writeAffinity } from './write-affinity.js';
import { errorKind, mayPassSoon } from './write-errors.js';

/** Attempts for a write that fails with a transient error, and the pause before all such writes are tried again. */
const MAX_TRIES = 3;
const PAUSE_MS = 2;

/** A mask that was written; the state file is made from these. */
export interface AffinityWrite {
  /** vectorKey() of the interrupt */
  key: string;
  irq: number;
  /** null: a legacy line, whose affinity outlives the domain */
  vector: number | null;
  before: Cpuset;
  cpus: Cpuset;
  /** as read back; absent: it could not be read back, or the interrupt went away */
  after?: Cpuset;
  /** the CPUs outside of `cpus` where it is delivered until it next occurs; absent: none */
  pending?: Cpuset;
  /** true: the interrupt went away after the write; another one with this key was not written */
  hasGone: boolean;
  /** true: the fast path wrote it before this pass */
  isEarlier: boolean;
}

export interface AppliedPlan {
  /** the plan with its results: affinity and effective affinity are as read back */
  applied: DomainPlan;
  writes: AffinityWrite[];
}

export interface ApplyContext {
  files: PseudoFs;
  /** waits, in ms, before all failed writes are tried again, at most twice; undefined: no retry */
  pause?: ((milliseconds: number) => void) | undefined;
  /**
   * returns why the domain is not known to run, undefined if it runs; called before each write, because another domain
   * may get the device at any time
   */
  checkRunning?: (() => NotSeen | undefined) | undefined;
}

/** Carries out a plan. If one interrupt fails, the others are still written. */
export function applyPlan(planned: DomainPlan, context: ApplyContext): AppliedPlan {
  const writes: AffinityWrite[] = [];
  let failed = new Map<InterruptPlan, Placement>();
  let applied = mapInterrupts(planned, (interrupt, address, { preferred }) => {
    const { action, target, affinity } = interrupt;
    if (action !== 'set' || target === null || affinity === null) return interrupt;
    const placement = new Placement(interrupt, { address, target, before: affinity, preferred }, context);
    const result = placement.apply(writes);
    if (isWorthRetrying(result)) failed.set(result, placement);
    return result;
  });
  for (let tries = 1; tries < MAX_TRIES && failed.size > 0 && context.pause; tries++) {
    context.pause(PAUSE_MS);
    const again = failed;
    failed = new Map();
    applied = mapInterrupts(applied, (interrupt) => {
      const placement = again.get(interrupt);
      const result = placement?.apply(writes) ?? interrupt;
      if (placement && isWorthRetrying(result)) failed.set(result, placement);
      return result;
    });
  }
  return { applied, writes };
}

function isWorthRetrying({ reason }: InterruptPlan): boolean {
  return reason?.code === 'write-error' && mayPassSoon(reason.error);
}

/** One interrupt that is to be written. */
class Placement {
  readonly #target: Target;
  /** what is written, and what instead if that has no room: the target and the rest of the set, mostly in this order */
  #cpus: Cpuset;
  #otherCpus: Cpuset;
  /** what has been written although the write as a whole failed */
  #part: Cpuset | undefined;

  constructor(
    private readonly planned: InterruptPlan,
    private readonly move: { address: PciAddress; target: Cpuset; before: Cpuset; preferred: Cpuset },
    private readonly context: ApplyContext,
  ) {
    const [target, rest] = [move.target, restOfSet(planned)];
    [this.#cpus, this.#otherCpus] = planned.isTargetFull ? [rest, target] : [target, rest];
    this.#target = { address: move.address, irq: planned.irq, handlers: planned.handlers };
  }

  apply(writes: AffinityWrite[]): InterruptPlan {
    const { planned } = this;
    // the fast path has written it: only the watcher's own descriptor shows whether it is still that vector
    const mask = planned.isWritten ? undefined : openMask(this.context.files, planned.irq);
    try {
      const obstacle = mask && this.#write(mask);
      if (obstacle && !this.#part) return obstacle;
      const { irq, vector, handlers, isWritten: isEarlier = false } = planned;
      const { address, before } = this.move;
      const cpus = (obstacle && this.#part) ?? this.#cpus;
      const write: AffinityWrite = {
        key: vectorKey(address, irq, handlers[0] ?? ''),
        irq,
        vector,
        before,
        cpus,
        hasGone: false,
        isEarlier,
      };
      writes.push(write);
      const result = this.#readBack(mask, obstacle);
      write.hasGone = result.action === 'skip';
      if (result.action !== 'skip' && result.affinity) write.after = result.affinity;
      if (result.action === 'set' && result.reason?.code === 'pending') write.pending = result.reason.effective;
      return result;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return { ...planned, action: 'fail', reason: { code: 'unreadable', path: error.path }, error: error.code };
    } finally {
      mask?.close();
    }
  }

  /** Why it was not written; undefined: it was written. */
  #write(mask: WritableFile): InterruptPlan | undefined {
    const { isTargetFull: _, ...planned } = this.planned;
    const result = writeAffinity(mask, this.#cpus, () => this.#verify(), this.#first);
    if (result.outcome === 'written') return undefined;
    if (result.outcome === 'refused') return { ...planned, action: 'skip', reason: result.reason };
    this.#part = result.part ?? this.#part;
    const other = this.#otherCpus;
    if (result.error.code === 'ENOSPC' && other.length > 0 && !this.#part) {
      if (isSubset(this.move.before, other)) return { ...planned, action: 'keep', reason: this.#whyRest };
      [this.#cpus, this.#otherCpus] = [other, EMPTY];
      return this.#write(mask);
    }
    const { code: error } = result.error;
    const action = errorKind(error) === 'gone' ? 'skip' : 'fail';
    const isRest = this.#cpus !== this.move.target;
    const failed: InterruptPlan = { ...planned, action, reason: { code: 'write-error', error }, error };
    return isRest ? { ...failed, isTargetFull: true } : failed;
  }

  /** Empty if it is delivered there already. */
  get #first(): Cpuset {
    const { effective } = this.planned;
    const preferred = intersect(this.#cpus, this.move.preferred);
    return effective && isSubset(effective, preferred) ? EMPTY : preferred;
  }

  get #whyRest(): Reason {
    return { code: 'target-full', target: this.move.target };
  }

  #verify(): Refusal | undefined {
    const { files, checkRunning } = this.context;
    const refusal = verifyTarget(files, this.#target);
    if (refusal || !checkRunning) return refusal;
    // checkRunning() takes a while, so the handlers are read again right before the write
    return checkRunning() ?? verifyHandlers(files, this.#target);
  }

  /**
   * The result of a write, from the affinity as it is now: the kernel may have set another one.
   * @param obstacle only a part was written
   */
  #readBack(mask: WritableFile | undefined, obstacle: InterruptPlan | undefined): InterruptPlan {
    const { planned } = this;
    const cpus = this.#cpus;
    // reads the descriptor that was written: another vector may have the number and the handler by now
    const now = readInterrupt(this.context.files, planned.irq, mask);
    if (!now) return { ...planned, action: 'skip', reason: { code: 'gone' } };
    const change = changeOf(this.#target, now.handlers);
    if (change) return { ...planned, action: 'skip', reason: change };
    const { affinity, effective } = now;
    if (obstacle) return { ...obstacle, affinity, effective: effective ?? null };
    const reason = cpus === this.move.target ? null : this.#whyRest;
    const seen: InterruptPlan = { ...planned, affinity, effective: effective ?? null, reason };
    if (!isSubset(affinity, cpus)) return { ...seen, action: 'fail', reason: { code: 'other-mask', affinity } };
    if (!effective || isSubset(effective, cpus)) return seen;
    if (equal(effective, planned.effective)) return { ...seen, reason: { code: 'pending', effective } };
    return { ...seen, action: 'fail', reason: { code: 'delivered-elsewhere', effective } };
  }
}
