import { kill, pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../lib/errors.js';
import type { InstanceLock } from '../runtime/instance-lock.js';
import { readWatcherStatus } from './status-file.js';

export interface InstanceLockOptions {
  root?: string | undefined;
  /** ours ends with the last domain */
  untilIdle: boolean;
}

/** Milliseconds that a watcher may take to make room, and between two looks for that. */
const ROOM = 5000;
const LOOK = 50;
/** Milliseconds between two looks whether the place is still ours: who empties /run takes it from us. */
const KEEPING = 10_000;

/**
 * Takes the place of a host's watcher. One that a hook has started ends with the last domain, and has to make room for one that stays.
 * @throws ToolError where another one has it
 */
export async function acquireInstanceLock(
  place: InstanceLock,
  { root, untilIdle }: InstanceLockOptions,
): Promise<void> {
  let asked: number | undefined;
  for (let waited = 0; ; waited += LOOK) {
    const result = place.take();
    if (result.taken) return;
    if (asked === undefined && !untilIdle && readWatcherStatus(root)?.untilIdle) {
      asked = result.pid;
      kill(asked, 'SIGTERM');
    }
    if (result.pid !== asked || waited >= ROOM) {
      throw new ToolError(`hostdev-cpuset watch runs already: process ${result.pid}`);
    }
    await sleep(LOOK);
  }
}

/** Takes it again where it was lost. @param lost told where that cannot be: another one has it now. @returns ends it */
export function keepInstanceLock(
  place: InstanceLock,
  options: InstanceLockOptions,
  lost: (error: Error) => void,
): () => void {
  const look = () => {
    if (place.holder() === pid) return;
    acquireInstanceLock(place, options).catch((error: Error) => {
      // a /run that is full has room again some day
      if (error instanceof ToolError) lost(error);
    });
  };
  const timer = setInterval(look, KEEPING);
  return () => clearInterval(timer);
}
