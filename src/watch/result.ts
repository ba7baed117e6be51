import type { Reason } from '../affinity/reason.js';
import type { ErrorKind } from '../affinity/write-errors.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { ProblemReport } from '../report/problem-report.js';

/** What happened to one interrupt, for the journal and the counters. */
export interface Placement {
  /** name and UUID of the domain */
  domain: string;
  uuid: string | null;
  /** PCI address of its device */
  address: string;
  irq: number;
  /** null for a legacy line */
  vector: number | null;
  /** name of its handler, which contains the vector and the address; '' without a handler */
  handler: string;
  /**
   * placed: it or its set is new; repaired: another program had moved it; contested: another program keeps moving it
   * and repairs pause; failed: it could not be placed. The last two are reported once, not at each attempt.
   */
  kind: 'placed' | 'repaired' | 'contested' | 'failed';
  /** affinity before and after */
  from: Cpuset | null;
  to: Cpuset | null;
  /** the CPUs that it is to get */
  target: Cpuset | null;
  /** true: the target is a part of the policy's set */
  isSpread?: true;
  /** why it failed, or was placed on other CPUs of the policy's set */
  reason?: Reason;
  /** the program that probably moves it; `not irqbalance`: irqbalance does not run */
  culprit?: { irqbalancePid: number } | 'not irqbalance' | 'unknown';
  /** the error code of the write, such as ENOSPC */
  error?: string;
  /** if placed: ms since it appeared, or since the last check if that time is unknown */
  lagMs?: number;
}

/** A problem of a domain, reported once while it exists. */
export interface DomainProblem extends ProblemReport {
  domain: string;
  uuid: string | null;
  /** null: a problem of the whole domain */
  address: string | null;
}

/** A vector that went away; another vector may have its number. */
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
  /** number of interrupts that were checked */
  checked: number;
  /** number of masks that were written */
  writes: number;
  /** failed writes by kind; `unreadable`: files that could not be read */
  errors: Record<ErrorKind | 'unreadable', number>;
}

export function emptyResult(): ReconcileResult {
  const errors = { transient: 0, exhausted: 0, impossible: 0, gone: 0, unreadable: 0 };
  return { changed: [], ended: [], problems: [], checked: 0, writes: 0, errors };
}
