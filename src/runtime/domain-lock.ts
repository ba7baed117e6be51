import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { pid } from 'node:process';
import { canonicalUuid } from '../domain/uuid.js';
import { errnoOf } from '../lib/errno.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { processIdentity, removeAbandonedLock, runningProcess } from '../lib/process-lock.js';
import { openStateFolder } from './state-folder.js';

/**
 * How long, and at what interval, another process's lock is waited for; and the age at which its owner counts as hung.
 */
const MAX_WAIT_MS = 2000;
const WAIT_INTERVAL_MS = 10;
const MAX_HELD_MS = 60_000;

/** The root ('' for this host), and how to wait. */
export interface LockPlace {
  root: string;
  pause(milliseconds: number): void;
}

/**
 * Runs an action while no other process runs one for the same domain. The lock is a symbolic link to the identity of
 * its owner: it is created in one step and never seen incomplete. If the lock cannot be acquired, the action runs
 * without it: two simultaneous passes do the work twice, but nothing wrong.
 * @param uuid of a definition, in any form; without a valid one the action runs without a lock
 */
export function withDomainLock<T>({ root, pause }: LockPlace, uuid: string | undefined, action: () => T): T {
  return inFolder(root, uuid, action, (folder, name) => {
    const deadline = performance.now() + MAX_WAIT_MS;
    let state = acquire(folder, name);
    while (state === 'busy' && performance.now() < deadline) {
      pause(WAIT_INTERVAL_MS);
      state = acquire(folder, name);
    }
    return runAndRelease(folder, name, state, action);
  });
}

/** The same without waiting. Undefined if another process has the lock: the action was not run then. */
export function tryDomainLock<T>(root: string, uuid: string | undefined, action: () => T): { result: T } | undefined {
  const run = () => ({ result: action() });
  return inFolder<{ result: T } | undefined>(root, uuid, run, (folder, name) => {
    const state = acquire(folder, name);
    return state === 'busy' ? undefined : runAndRelease(folder, name, state, run);
  });
}

/**
 * @param otherwise called without a valid UUID, or without a directory: /run may be read-only, or the directory another
 *   user's
 */
function inFolder<T>(
  root: string,
  uuid: string | undefined,
  otherwise: () => T,
  action: (folder: OpenFolder, name: string) => T,
): T {
  // it becomes a file name
  const canonical = canonicalUuid(uuid ?? '');
  let folder: OpenFolder | undefined;
  if (canonical !== undefined) {
    attempt(() => {
      folder = openStateFolder(root, { make: true });
    });
  }
  return folder ? using(folder, (opened) => action(opened, `${canonical}.lock`)) : otherwise();
}

function runAndRelease<T>(folder: OpenFolder, name: string, state: LockState, action: () => T): T {
  try {
    return action();
  } finally {
    const isOurs = state === 'acquired' && runningProcess(targetOf(folder, name)) === pid;
    if (isOurs) attempt(() => unlinkSync(folder.at(name)));
  }
}

/** unavailable: the lock cannot be created, as /run may be full or read-only */
type LockState = 'acquired' | 'busy' | 'unavailable';

/** Does not wait. Takes over the lock of a process that has ended, or seems to hang. */
function acquire(folder: OpenFolder, name: string): LockState {
  // several attempts, as other processes may take it over, too
  for (let tries = 0; tries < 3; tries++) {
    const code = attempt(() => symlinkSync(processIdentity(pid), folder.at(name)));
    if (code === undefined) return 'acquired';
    if (code !== 'EEXIST') return 'unavailable';
    if (isHeld(folder, name)) return 'busy';
    attempt(() => removeAbandonedLock(folder, name, pid, (moved) => isHeld(folder, moved)));
  }
  return 'busy';
}

/** Whether the process that has this lock runs and does not seem to hang. */
export function isHeld(folder: OpenFolder, name: string): boolean {
  let heldSince = Date.now();
  attempt(() => {
    heldSince = lstatSync(folder.at(name)).mtimeMs;
  });
  // a time in the future is from before the clock was set back
  const heldMs = Math.abs(Date.now() - heldSince);
  return runningProcess(targetOf(folder, name)) !== undefined && heldMs <= MAX_HELD_MS;
}

/** Empty if there is no lock, or another kind of file. */
function targetOf(folder: OpenFolder, name: string): string {
  let target = '';
  attempt(() => {
    target = readlinkSync(folder.at(name));
  });
  return target;
}

/** The system's error code if the action failed. */
function attempt(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}
