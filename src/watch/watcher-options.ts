import type { Settings } from '../enforce/settings.js';
import type { Clock } from './hold/hold.js';
import type { VirshCall } from './libvirt/virsh.js';
import type { JournalEntry } from './tell/journal-entry.js';

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
