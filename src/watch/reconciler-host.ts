import type { PseudoFs } from '../host/pseudo-fs.js';
import type { DomainStates } from '../runtime/domain-state.js';

/** Milliseconds, monotonic: CLOCK_MONOTONIC, which the kernel's trace events are stamped with too. */
export interface Clock {
  now(): number;
}

/** All that a holder touches: no timers, no process, no files of its own. */
export interface ReconcilerHost {
  files: PseudoFs;
  state: DomainStates;
  clock: Clock;
  /** waits, in milliseconds, before a write that met a transient error is tried again */
  pause(milliseconds: number): void;
  /** runs what reads and writes a domain's state while no other process does; if absent, without */
  exclusively?<T>(uuid: string, action: () => T): T;
}
