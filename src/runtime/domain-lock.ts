import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { pid } from 'node:process';
import { canonicalUuid } from '../domain/uuid.js';
import { errnoOf } from '../lib/errno.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { processIdentity, removeAbandonedLock, runningProcess } from '../lib/process-lock.js';
import { openStateFolder } from './state-folder.js';

/** How long, and how often, a lock of another process is waited for; and after what time its holder is taken to hang. */
const MAX_WAIT_MS = 2000;
const WAIT_INTERVAL_MS = 10;
const MAX_HELD_MS = 60_000;

/** The root ('' for this host), and how to wait. */
export interface LockPlace {
  root: string;
  pause(milliseconds: number): void;
}

/**
 * Runs an action while no other process runs one for the same domain. The lock is a symbolic link to the identity of its holder, which is
 * made in one step and never seen half written. An action whose lock cannot be had runs without: two passes at once do work twice, and
 * nothing wrong.
 * @param uuid of a definition, in any form; without a valid one the action runs without a lock
 */
export function withDomainLock<T>({ root, pause }: LockPlace, uuid: string | undefined, action: () => T): T {
  // it becomes the name of a file
  const canonical = canonicalUuid(uuid ?? '');
  if (canonical === undefined) return action();
  let folder: OpenFolder | undefined;
  // /run may be read-only, or the folder another user's
  attempt(() => {
    folder = openStateFolder(root, { make: true });
  });
  if (!folder) return action();
  return using(folder, (opened) => {
    const name = `${canonical}.lock`;
    const isAcquired = acquire(opened, name, pause);
    try {
      return action();
    } finally {
      if (isAcquired && runningProcess(targetOf(opened, name)) === pid) attempt(() => unlinkSync(opened.at(name)));
    }
  });
}

function acquire(folder: OpenFolder, name: string, pause: LockPlace['pause']): boolean {
  const deadline = Date.now() + MAX_WAIT_MS;
  for (;;) {
    const code = attempt(() => symlinkSync(processIdentity(pid), folder.at(name)));
    if (code === undefined) return true;
    // /run may be full, or read-only
    if (code !== 'EEXIST' || Date.now() >= deadline) return false;
    if (isHeld(folder, name)) pause(WAIT_INTERVAL_MS);
    else attempt(() => removeAbandonedLock(folder, name, pid, (moved) => isHeld(folder, moved)));
  }
}

function isHeld(folder: OpenFolder, name: string): boolean {
  let heldSince = Date.now();
  attempt(() => {
    heldSince = lstatSync(folder.at(name)).mtimeMs;
  });
  return runningProcess(targetOf(folder, name)) !== undefined && Date.now() - heldSince <= MAX_HELD_MS;
}

/** Empty if there is no lock, or something else in its place. */
function targetOf(folder: OpenFolder, name: string): string {
  let target = '';
  attempt(() => {
    target = readlinkSync(folder.at(name));
  });
  return target;
}

/** The error code of the system, if the action failed. */
function attempt(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}
