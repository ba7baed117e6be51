import type { Settings } from '../affinity/settings.js';
import type { VirshCall } from '../libvirt/virsh.js';
import type { JournalEntry } from './output/journal-entry.js';
import type { Clock } from './reconciler.js';

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
