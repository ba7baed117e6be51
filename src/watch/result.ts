import type { Reason } from '../affinity/reason.js';
import type { ErrorKind } from '../affinity/write-errors.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { ProblemReport } from '../report/problem-report.js';

/** What became of one interrupt: for the journal and the counters. */
export interface Placement {
  /** name and UUID of the domain */
  domain: string;
  uuid: string | null;
  /** PCI address of its device */
  address: string;
  irq: number;
  /** null for a legacy line */
  vector: number | null;
  /** name of its handler, which has the vector and the address in it; '' where it has none */
  handler: string;
  /**
   * placed: it or its set is new; repaired: somebody else had moved it; contested: somebody keeps moving it and repairs
   * pause; failed: it could not be placed. The last two are reported once, not at each attempt.
   */
  kind: 'placed' | 'repaired' | 'contested' | 'failed';
  /** affinity before and after */
  from: Cpuset | null;
  to: Cpuset | null;
  /** what it is to have */
  target: Cpuset | null;
  /** that is a part of the policy's set */
  isSpread?: true;
  /** why it failed, or was placed elsewhere in the policy's set */
  reason?: Reason;
  /** who probably moves it; `not irqbalance`: that does not run */
  culprit?: { irqbalancePid: number } | 'not irqbalance' | 'unknown';
  /** the error code of the write, such as ENOSPC */
  error?: string;
  /** if placed: ms since it appeared, or since the last check if that is not known */
  lagMs?: number;
}

/** A problem of a domain, reported once while it exists. */
export interface DomainProblem extends ProblemReport {
  domain: string;
  uuid: string | null;
  /** null: of the domain as a whole */
  address: string | null;
}

/** A vector that went away; another one may have its number. */
export interface EndedVector {
  uuid: string | null;
  /** of its device */
  address: string;
  irq: number;
}

/** What one run of the reconciler did. */
export interface ReconcileResult {
  changed: Placement[];
  /** in the checked devices, before `changed` */
  ended: EndedVector[];
  problems: DomainProblem[];
  /** interrupts that were checked */
  checked: number;
  /** masks that were written */
  writes: number;
  /** failed writes by kind; `unreadable`: files that could not be read */
  errors: Record<ErrorKind | 'unreadable', number>;
}

export function emptyResult(): ReconcileResult {
  const errors = { transient: 0, exhausted: 0, impossible: 0, gone: 0, unreadable: 0 };
  return { changed: [], ended: [], problems: [], checked: 0, writes: 0, errors };
}
