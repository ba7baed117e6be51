import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceWhole } from './atomic-file.js';
import type { HoldCounters } from './counters.js';
import { WatcherPlace } from './watcher-place.js';

/** What `status` says about the watcher that runs. */
export interface WatcherStatus {
  pid: number;
  /** when it started, ISO 8601 */
  since: string;
  /** how it learns of new interrupts: told by the kernel, or by looking at intervals */
  way: 'events' | 'intervals';
  /** why not told by the kernel; null where it is */
  reason: string | null;
  counters: HoldCounters;
}

const fileOf = (root: string) => join(root || '/', 'run/hostdev-cpuset/watch.json');

/** Throws the system's error. */
export function writeWatcherStatus(root: string, status: WatcherStatus): void {
  replaceWhole(fileOf(root), `${JSON.stringify(status)}\n`, 0o600);
}

export function removeWatcherStatus(root: string): void {
  rmSync(fileOf(root), { force: true });
}

/** Null where no watcher lives; only root can know. What one that was killed has left is nobody's word. */
export function readWatcherStatus(root = ''): WatcherStatus | null {
  const pid = new WatcherPlace(root).holder();
  if (pid === undefined) return null;
  try {
    const status = JSON.parse(readFileSync(fileOf(root), 'utf8')) as WatcherStatus;
    return status.pid === pid && typeof status.counters === 'object' ? status : null;
  } catch {
    return null;
  }
}
