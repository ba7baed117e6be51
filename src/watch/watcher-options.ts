import type { Settings } from '../enforce/settings.js';
import type { Clock } from './hold.js';
import type { JournalEntry } from './journal-entry.js';
import type { VirshCall } from './virsh.js';

/** What a watcher is told, and whom it tells. */
export interface WatcherOptions {
  root: string;
  libvirt: VirshCall;
  /** Prometheus's file */
  metrics: string | undefined;
  /** ask the kernel for its events */
  tracing: boolean;
  /** ends with the last domain: it makes room for one that does not */
  untilIdle: boolean;
  /** gives interrupts back what they had, at the end */
  restoreOnExit: boolean;
  settings: Settings;
  clock: Clock;
  pid: number;
  journal(entry: JournalEntry): void;
  /** the kernel tells, or why it does not: for systemctl status */
  status(text: string): void;
}
