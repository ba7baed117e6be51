import { existsSync, lstatSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { pid } from 'node:process';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { openStateFolder } from './private-dir.js';

/** How long another one's lock is waited for, how often it is looked at, and when nobody can still be at it: milliseconds. */
const PATIENCE = 2000;
const PAUSE = 10;
const LONGEST = 60_000;

/** Where the state is ('' for this host), and how to wait. */
export interface LockPlace {
  root: string;
  pause(milliseconds: number): void;
}

/**
 * Runs an action while no other process runs one for the same domain. The lock is a symbolic link that names the pid of who
 * holds it: made in one step, it is never seen half written. Nothing that is wrong with it keeps the action from being run:
 * a pass can be done twice at once, it is only done twice for nothing.
 */
export function withDomainLock<T>({ root, pause }: LockPlace, uuid: string, action: () => T): T {
  let folder: OpenFolder | undefined;
  // /run is read-only, or what is there is another user's: then without
  attempt(() => {
    folder = openStateFolder(root, { make: true });
  });
  if (!folder) return action();
  return using(folder, (opened) => {
    const lock = opened.at(`${uuid}.lock`);
    const held = acquire(lock, pause);
    try {
      return action();
    } finally {
      if (held && holder(lock) === pid) attempt(() => unlinkSync(lock));
    }
  });
}

function acquire(lock: string, pause: LockPlace['pause']): boolean {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const code = attempt(() => symlinkSync(String(pid), lock));
    if (code === undefined) return true;
    // /run is full, or read-only: then without
    if (code !== 'EEXIST' || Date.now() >= deadline) return false;
    if (isStale(lock)) takeAway(lock);
    else pause(PAUSE);
  }
}

/** Who holds it is dead, or cannot be at it any more: a pid may have become another's. */
function isStale(lock: string): boolean {
  const owner = holder(lock);
  let since = Date.now();
  attempt(() => {
    since = lstatSync(lock).mtimeMs;
  });
  return (owner !== undefined && !existsSync(`/proc/${owner}`)) || Date.now() - since > LONGEST;
}

/** Another one may have taken the stale lock away and made its own in between: what was moved is looked at again. */
function takeAway(lock: string): void {
  const aside = `${lock}.${pid}`;
  attempt(() => {
    renameSync(lock, aside);
    if (!isStale(aside)) symlinkSync(readlinkSync(aside), lock);
    unlinkSync(aside);
  });
}

/** Undefined where there is no lock, or something else. */
function holder(lock: string): number | undefined {
  let target = '';
  attempt(() => {
    target = readlinkSync(lock);
  });
  return /^[1-9]\d{0,9}$/.test(target) ? Number(target) : undefined;
}

/** The code of the system's error, if there was one. */
function attempt(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}
