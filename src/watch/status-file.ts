import { InstanceLock } from '../runtime/instance-lock.js';
import { RuntimeFile } from '../runtime/runtime-file.js';
import type { Counters } from './counters.js';

/** What `status` says about the watcher that runs. */
export interface WatcherStatus {
  pid: number;
  /** when it started, ISO 8601 */
  since: string;
  /** ends with the last domain: started by a hook */
  untilIdle: boolean;
  /** how it learns of new interrupts: told by the kernel, or by looking at intervals */
  way: 'events' | 'intervals';
  /** why not told by the kernel; null where it is */
  reason: string | null;
  counters: Counters;
}

const fileOf = (root: string) => new RuntimeFile(root, 'watch.json');

/** @throws FileError where /run cannot be written */
export function writeWatcherStatus(root: string, status: WatcherStatus): void {
  fileOf(root).write(`${JSON.stringify(status)}\n`);
}

export function removeWatcherStatus(root: string): void {
  fileOf(root).remove();
}

/** Null where no watcher lives; only root can know. What one that was killed has left is nobody's word. */
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
