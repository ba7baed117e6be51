import { isCount } from '../lib/is-count.js';
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

/** The pid of the running watcher; undefined if none runs, or for any user but root. */
export const watcherPid = (root = ''): number | undefined => new InstanceLock(root).holder();

/**
 * Null if no watcher runs, or if its file cannot be read: always for any user but root. The file of a watcher that was
 * killed is ignored.
 */
export function readWatcherStatus(root = ''): WatcherStatus | null {
  const pid = watcherPid(root);
  if (pid === undefined) return null;
  try {
    const status: unknown = JSON.parse(fileOf(root).read() ?? '');
    return isWatcherStatus(status) && status.pid === pid ? status : null;
  } catch {
    return null;
  }
}

/** Whether it has the members that reports use. Earlier versions have no contested interrupts. */
function isWatcherStatus(value: unknown): value is WatcherStatus {
  const { since, reason, counters, contested = [] } = (value ?? {}) as Partial<WatcherStatus>;
  const { interrupts, repairs, contestedNow = 0 } = counters ?? {};
  return (
    typeof since === 'string' &&
    (reason === null || typeof reason === 'string') &&
    [interrupts, repairs, contestedNow].every(isCount) &&
    Array.isArray(contested) &&
    contested.every(isContested)
  );
}

function isContested(value: unknown): value is ContestedInterrupt {
  const { domain, address, irq } = (value ?? {}) as Partial<ContestedInterrupt>;
  return typeof domain === 'string' && typeof address === 'string' && isCount(irq);
}
