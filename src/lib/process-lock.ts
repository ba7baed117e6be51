import { linkSync, readFileSync, renameSync } from 'node:fs';
import { kill } from 'node:process';
import type { OpenFolder } from './open-folder.js';
import { removeTree } from './remove-tree.js';

/**
 * `PID START`: START is the start time of the process (field 22 of /proc/PID/stat). A later process with the same pid
 * has a different one. START is empty if the process does not exist.
 */
export function processIdentity(pid: number): string {
  return `${pid} ${startTimeOf(pid) ?? ''}`;
}

/**
 * The pid in an identity, if that process still runs. A process whose start time cannot be read (/proc with hidepid)
 * counts as the same.
 */
export function runningProcess(identity: string): number | undefined {
  const [, pid, start] = /^([1-9]\d{0,9}) (\d+)$/.exec(identity) ?? [];
  if (pid === undefined) return undefined;
  const found = startTimeOf(Number(pid));
  return found === start || (found === undefined && isRunning(Number(pid))) ? Number(pid) : undefined;
}

/**
 * Removes the lock of a process that has ended. Another process may do the same now and take the lock: so the lock is
 * renamed first, and renamed back if it turns out to be in use.
 * @param isHeld whether the lock with this name in the directory is in use
 * @throws the system's error
 */
export function removeAbandonedLock(
  folder: OpenFolder,
  name: string,
  ownPid: number,
  isHeld: (name: string) => boolean,
): void {
  const aside = `${name}.dead.${ownPid}`;
  try {
    renameSync(folder.at(name), folder.at(aside));
    if (isHeld(aside)) linkSync(folder.at(aside), folder.at(name));
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  removeTree(folder, aside);
}

/** Whether a process with this pid exists. Unlike /proc, kill(2) finds every process. */
export function isRunning(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** In clock ticks since boot. A command's name may contain spaces and parentheses: it ends at the last one. */
function startTimeOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1)?.split(' ')[20];
  } catch {
    return undefined;
  }
}
