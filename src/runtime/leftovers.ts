import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { pid as ownPid } from 'node:process';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { isRunning, removeAbandonedLock } from '../lib/process-lock.js';
import { isHeld } from './domain-lock.js';
import { openStateFolder } from './state-folder.js';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/**
 * Temporary files of a process (lib/atomic-write.ts, lib/process-lock.ts, instance-lock.ts): their names end with its
 * pid.
 */
const OF_PROCESS = new RegExp(
  `^(?:(?:\\.tmp-|${UUID}\\.json\\.)(\\d{1,10})-[0-9a-f]{24}|(?:watch\\.pid|watch\\.pid\\.dead|${UUID}\\.lock\\.dead)\\.(\\d{1,10}))$`,
);
/** Names of version 0.1.0, without the pid: such a file counts as abandoned after this time. */
const WITHOUT_PID = new RegExp(`^(?:\\.tmp-|${UUID}\\.json\\.)[0-9a-f]{24}$`);
const ABANDONED_MS = 60_000;
const LOCK = new RegExp(`^${UUID}\\.lock$`);

/**
 * Removes unfinished files and locks of killed processes from the runtime directory. Files of a running process stay.
 * Never throws: a file that cannot be removed is harmless.
 */
export function removeLeftovers(root: string): void {
  attempt(() =>
    using(openStateFolder(root), (folder) => {
      for (const name of readdirSync(folder.at('.'))) attempt(() => removeIfLeft(folder, name));
    }),
  );
}

function removeIfLeft(folder: OpenFolder, name: string): void {
  if (LOCK.test(name)) {
    if (!isHeld(folder, name)) removeAbandonedLock(folder, name, ownPid, (moved) => isHeld(folder, moved));
    return;
  }
  const [, ofFile, ofLock] = OF_PROCESS.exec(name) ?? [];
  const pid = ofFile ?? ofLock;
  const isLeft =
    pid === undefined
      ? WITHOUT_PID.test(name) && Math.abs(Date.now() - lstatSync(folder.at(name)).mtimeMs) > ABANDONED_MS
      : !isRunning(Number(pid));
  if (isLeft) folder.in(name, unlinkSync);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // another process has removed it, or /run is read-only
  }
}
