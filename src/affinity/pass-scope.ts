import type { PciAddress } from '../domain/address.js';
import { type Cpuset, equal, isSubset } from '../domain/cpuset.js';
import type { ContinuityOf } from './continuity.js';
import { type DomainPlan, type InterruptPlan, mapInterrupts } from './domain-plan.js';
import type { Problem } from './problems.js';
import type { NotSeen, Reason } from './reason.js';

/** The part of a domain that a pass is about; by default all of it. */
export interface PassScope {
  /** addresses of the devices to check; the plan contains no others */
  only?: ReadonlySet<string>;
  /** whether vectors are still those that earlier passes wrote; unknown by default */
  continuityOf?: ContinuityOf;
  /** returns why an interrupt must not be written; undefined: it may be written */
  reasonToLeave?(address: PciAddress, interrupt: InterruptPlan): Reason | undefined;
  /** whether the target of an interrupt that is to be written had no room a moment ago: the rest is tried first */
  isTargetFull?(address: PciAddress, interrupt: InterruptPlan): boolean;
  /** the write on the fast path that this pass reads back and records */
  fastPathWrite?(address: PciAddress, interrupt: InterruptPlan): { from: Cpuset; to: Cpuset } | undefined;
}

/**
 * Marks the fast path's writes as not yet reported, with the mask before the write. The kernel may have narrowed the
 * mask since.
 */
export function withFastPathWrites(planned: DomainPlan, { fastPathWrite }: PassScope): DomainPlan {
  if (!fastPathWrite) return planned;
  return mapInterrupts(planned, (interrupt, address) => {
    const { affinity, target } = interrupt;
    if (affinity === null || target === null || !isSubset(affinity, target)) return interrupt;
    const write = fastPathWrite(address, interrupt);
    if (!write || !equal(write.to, target)) return interrupt;
    return { ...interrupt, affinity: write.from, action: 'set', reason: null, isWritten: true };
  });
}

/**
 * What must not be written now is skipped, with the reason, and targets without room are marked.
 * @param notSeen nothing may be written
 */
export function withoutForbidden(
  planned: DomainPlan,
  notSeen: NotSeen | undefined,
  { reasonToLeave, isTargetFull }: PassScope,
): DomainPlan {
  if (!notSeen && !reasonToLeave && !isTargetFull) return planned;
  const restrained = mapInterrupts(planned, (interrupt, address) => {
    if (interrupt.action !== 'set') return interrupt;
    const reason: Reason | undefined = notSeen ?? reasonToLeave?.(address, interrupt);
    if (reason) return { ...interrupt, action: 'skip', reason };
    return isTargetFull?.(address, interrupt) ? { ...interrupt, isTargetFull: true } : interrupt;
  });
  return notSeen ? { ...restrained, problems: [...planned.problems, notSeenProblem(notSeen)] } : restrained;
}

function notSeenProblem(notSeen: NotSeen): Problem {
  return notSeen.code === 'qemu-hidden' ? { rule: notSeen.code, pid: notSeen.pid } : { rule: notSeen.code };
}
