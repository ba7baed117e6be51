import type { PseudoFs } from '../host/pseudo-fs.js';
import type { DomainStates } from '../runtime/domain-state.js';

/** Milliseconds of CLOCK_MONOTONIC, which is also the clock of trace events. */
export interface Clock {
  now(): number;
}

/** Everything outside that the reconciler uses: it has no timers, processes or files of its own. */
export interface ReconcilerHost {
  files: PseudoFs;
  state: DomainStates;
  clock: Clock;
  /** CPU time that this process has used, in ms; undefined: a domain's CPU time is not limited */
  cpuMs?(): number;
  /**
   * VFIO has a vector of this device that could not be placed at once: it may be another guest's by now, or one's that
   * is not known yet. Not to call the reconciler
   */
  vectorUnplaced?(address: string): void;
  /**
   * Runs an action on a domain's state under its lock; does not wait. Returns undefined if another process has the
   * lock: the action was not run then. Absent: no other process exists.
   */
  exclusively?<T>(uuid: string | undefined, action: () => T): { result: T } | undefined;
}
