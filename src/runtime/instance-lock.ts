import { linkSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pid as ownPid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { errnoOf } from '../lib/errno.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { processIdentity, removeAbandonedLock, runningProcess } from '../lib/process-lock.js';
import { removeTree } from '../lib/remove-tree.js';
import { readSafely } from './safe-read.js';
import { openStateFolder } from './state-folder.js';

const NAME = 'watch.pid';
/** The identity of a watcher that has given up the lock, but has not ended. */
const STOPPING = 'watch.stopping';
/** Two numbers: a longer file is not ours. */
const MAX_SIZE = 100;

/**
 * The lock that the one watcher of a host holds: a file with its identity, `PID START`, which hook/qemu reads too. It
 * appears complete, by a hard link. Another user's file counts as none: signals are sent to the process that it names.
 */
export class InstanceLock {
  constructor(private readonly root = '') {}

  /**
   * Takes the lock, also from a process that has ended; else tells who holds it.
   * @throws FileError, or the system's error, if /run cannot be written
   */
  take(): { taken: true } | { taken: false; pid: number } {
    return using(openStateFolder(this.root, { make: true }), (folder) => {
      const own = `${NAME}.${ownPid}`;
      try {
        writeIdentity(folder, own);
        for (;;) {
          try {
            linkSync(folder.at(own), folder.at(NAME));
            if (holderOf(folder, STOPPING) === ownPid) removeTree(folder, STOPPING);
            return { taken: true };
          } catch (error) {
            if (errnoOf(error) !== 'EEXIST') throw error;
          }
          const pid = holderOf(folder, NAME);
          if (pid !== undefined) return { taken: false, pid };
          removeAbandonedLock(folder, NAME, ownPid, (moved) => holderOf(folder, moved) !== undefined);
        }
      } finally {
        removeTree(folder, own);
      }
    });
  }

  /** The pid of the watcher that runs; undefined if none does, or if that cannot be read. */
  holder(): number | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => holderOf(folder, NAME));
    } catch {
      return undefined;
    }
  }

  /** The pid of a watcher that has stepped down and still runs. */
  stopping(): number | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => holderOf(folder, STOPPING));
    } catch {
      return undefined;
    }
  }

  /**
   * Gives up the lock if this process holds it, before it stops: hooks find no watcher from now on. The next one waits
   * until release(), or the end of this process. If /run is read-only the lock stays.
   */
  stepDown(): void {
    if (this.holder() === ownPid) this.#change((folder) => renameSync(folder.at(NAME), folder.at(STOPPING)));
  }

  /**
   * Releases the lock if this process holds it, or has stepped down. If /run is read-only it stays, as of a process
   * that has ended.
   */
  release(): void {
    if (this.holder() === ownPid) this.#change((folder) => folder.in(NAME, unlinkSync));
    if (this.stopping() === ownPid) this.#change((folder) => folder.in(STOPPING, unlinkSync));
  }

  #change(action: (folder: OpenFolder) => void): void {
    try {
      using(openStateFolder(this.root), action);
    } catch (error) {
      if (!['EROFS', 'ENOENT'].includes(errnoOf(error))) throw error;
    }
  }
}

/** @throws FileError: Node does not name the file if /run is full */
function writeIdentity(folder: OpenFolder, name: string): void {
  try {
    writeAtomically(folder, name, `${processIdentity(ownPid)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new FileError(errnoOf(error), join(folder.path, name));
  }
}

function holderOf(folder: OpenFolder, name: string): number | undefined {
  try {
    const text = readSafely(folder.at(name), MAX_SIZE).bytes.toString();
    return text.endsWith('\n') ? runningProcess(text.slice(0, -1)) : undefined;
  } catch {
    return undefined;
  }
}
