import type { Problem } from '../affinity/report.js';
import type { ErrorKind } from '../affinity/write-errors.js';

/** What became of one interrupt. Plain data, for the journal and the counters. */
export interface Placement {
  /** name and UUID of the domain */
  domain: string;
  uuid: string | null;
  /** PCI address of its device */
  address: string;
  irq: number;
  /** null for a legacy line */
  vector: number | null;
  /**
   * placed: new, or its set is new; repaired: somebody else had moved it; contested: they keep doing so, and it is left to them
   * for a while; failed: it could not be placed. The last two are said once, not at every trial.
   */
  kind: 'placed' | 'repaired' | 'contested' | 'failed';
  /** CPU lists: where it was, and where it is now */
  from: string | null;
  to: string | null;
  /** where it should be */
  wanted: string | null;
  /** in words: why it failed, or who the likely culprit is */
  reason?: string;
  /** the kernel's name for what a write met, ENOSPC say */
  error?: string;
  /** of what was placed: milliseconds since it appeared, or at the most since then where nobody said when */
  lagMs?: number;
}

/** Something that stands in a domain's way, said once while it does. */
export interface DomainProblem extends Problem {
  domain: string;
  uuid: string | null;
  /** null: of the domain as a whole */
  address: string | null;
}

/** What one run did. */
export interface ReconcileResult {
  changed: Placement[];
  problems: DomainProblem[];
  /** interrupts that were looked at */
  looked: number;
  /** masks that were written */
  writes: number;
  /** what trials met, by kind; `unreadable` is a file that could not be read */
  errors: Record<ErrorKind | 'unreadable', number>;
}

export function emptyResult(): ReconcileResult {
  const errors = { transient: 0, exhausted: 0, impossible: 0, gone: 0, unreadable: 0 };
  return { changed: [], problems: [], looked: 0, writes: 0, errors };
}
