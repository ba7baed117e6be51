import type { ContestedInterrupt, Counters } from './counters.js';
import { InstanceLock } from './instance-lock.js';
import { RuntimeFile } from './runtime-file.js';

/** The state of a running watcher. */
export interface WatcherStatus {
  pid: number;
  /** when it started, ISO 8601 */
  since: string;
  /** true: it exits after the last domain, as a hook has started it */
  untilIdle: boolean;
  /** how it detects new interrupts: by trace events, or by polling */
  way: 'events' | 'intervals';
  /** why it polls; null if it uses trace events */
  reason: string | null;
  counters: Counters;
  /** interrupts that another program keeps moving; a longer list is cut, counters.contestedNow has their number */
  contested: ContestedInterrupt[];
}

const fileOf = (root: string) => new RuntimeFile(root, 'watch.json');

/** @throws FileError if /run cannot be written */
export function writeWatcherStatus(root: string, status: WatcherStatus): void {
  fileOf(root).write(`${JSON.stringify(status)}\n`);
}

export function removeWatcherStatus(root: string): void {
  fileOf(root).remove();
}

/** Null if no watcher runs, or for any user but root. The file of a watcher that was killed is ignored. */
export function readWatcherStatus(root = ''): WatcherStatus | null {
  const pid = new InstanceLock(root).holder();
  if (pid === undefined) return null;
  try {
    const status = JSON.parse(fileOf(root).read() ?? '') as WatcherStatus;
    return status.pid === pid && typeof status.counters === 'object' ? status : null;
  } catch {
    return null;
  }
}
