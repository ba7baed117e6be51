import { kill, pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../lib/errors.js';
import type { InstanceLock } from './instance-lock.js';
import { readWatcherStatus } from './watcher-status.js';

export interface InstanceLockOptions {
  root?: string | undefined;
  /** this watcher exits after the last domain */
  untilIdle: boolean;
}

/** How long, and at what interval, the end of another watcher is waited for. */
const MAX_WAIT_MS = 5000;
const WAIT_INTERVAL_MS = 50;
/** How often the lock is checked: another program may delete files in /run. */
const CHECK_INTERVAL_MS = 10_000;

/**
 * Acquires the lock of a host's watcher, and waits for the end of a watcher that is stopping. A watcher that a hook has
 * started, which exits after the last domain, gives way to a permanent one.
 * @throws ToolError if another watcher has the lock
 */
export async function acquireInstanceLock(lock: InstanceLock, options: InstanceLockOptions): Promise<void> {
  const { root, untilIdle } = options;
  let ended: number | undefined;
  for (let waitedMs = 0; ; waitedMs += WAIT_INTERVAL_MS) {
    const result = lock.take();
    if (result.taken) return waitForStopping(lock);
    if (ended === undefined && !untilIdle && readWatcherStatus(root)?.untilIdle) {
      ended = result.pid;
      kill(ended, 'SIGTERM');
    }
    if (result.pid !== ended || waitedMs >= MAX_WAIT_MS) {
      throw new ToolError(`hostdev-cpuset watch is already running: process ${result.pid}`);
    }
    await sleep(WAIT_INTERVAL_MS);
  }
}

/**
 * Waits until a watcher that has given up the lock has exited: until then it removes its files and bans, and would
 * remove ours.
 */
async function waitForStopping(lock: InstanceLock): Promise<void> {
  for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += WAIT_INTERVAL_MS) {
    const stopping = lock.stopping();
    if (stopping === undefined || stopping === pid) return;
    await sleep(WAIT_INTERVAL_MS);
  }
}

/**
 * Acquires the lock again if it was lost.
 * @param onLost called if another watcher has it
 * @returns a function that ends these checks
 */
export function keepInstanceLock(
  lock: InstanceLock,
  options: InstanceLockOptions,
  onLost: (error: Error) => void,
): () => void {
  const check = () => {
    if (lock.holder() === pid) return;
    acquireInstanceLock(lock, options).catch((error: Error) => {
      // other errors, such as a full /run, may be temporary
      if (error instanceof ToolError) onLost(error);
    });
  };
  const timer = setInterval(check, CHECK_INTERVAL_MS);
  return () => clearInterval(timer);
}
