import type { PseudoFs } from '../host/pseudo-fs.js';
import type { DomainStates } from '../runtime/domain-state.js';

/** Milliseconds of CLOCK_MONOTONIC, which trace events are stamped with too. */
export interface Clock {
  now(): number;
}

/** All that the reconciler touches: it has no timers, processes or files of its own. */
export interface ReconcilerHost {
  files: PseudoFs;
  state: DomainStates;
  clock: Clock;
  /** CPU time that this process has used, in ms; undefined: the CPU time of a domain is not limited */
  cpuMs?(): number;
  /**
   * Runs an action on a domain's state under its lock; does not wait. Returns undefined if another process has the
   * lock: then the action was not run. Absent: there is no other process.
   */
  exclusively?<T>(uuid: string | undefined, action: () => T): { result: T } | undefined;
}
