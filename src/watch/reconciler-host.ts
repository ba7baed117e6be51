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
   * A new vector of this device could not be placed at once: the device may belong to another guest by now, or to one
   * that is not known yet. Must not call the reconciler.
   */
  vectorUnplaced?(address: string): void;
  /**
   * A process has requested a vector that may not be one of a managed device: the guest, or the device, may not be
   * known yet. Must not call the reconciler.
   * @param pid undefined: the process has ended, or cannot be found
   */
  requesterUnknown?(pid: number | undefined): void;
  /**
   * Runs an action on a domain's state under its lock; does not wait. Returns undefined if another process has the
   * lock: the action was not run then. Absent: no other process exists.
   */
  exclusively?<T>(uuid: string | undefined, action: () => T): { result: T } | undefined;
}
