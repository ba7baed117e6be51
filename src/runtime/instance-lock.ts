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
/** The identity of a watcher that has given up the lock, but has not exited. */
const STOPPING = 'watch.stopping';
/** The file has two numbers: a longer file is not ours. */
const MAX_SIZE = 100;

/**
 * The lock of a host's only watcher: a file with its identity, `PID START`, which hook/qemu reads too. It is created
 * complete, by a hard link. Another user's file is ignored, because signals are sent to the process that it names.
 */
export class InstanceLock {
  constructor(private readonly root = '') {}

  /**
   * Takes the lock, also from a process that has ended; otherwise returns the pid of its owner.
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

  /** The pid of the running watcher; undefined if none runs, or if that cannot be read. */
  holder(): number | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => holderOf(folder, NAME));
    } catch {
      return undefined;
    }
  }

  /** The pid of a watcher that has given up the lock and still runs. */
  stopping(): number | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => holderOf(folder, STOPPING));
    } catch {
      return undefined;
    }
  }

  /**
   * Gives up the lock, if this process has it, before the watcher stops: from now on hooks find no watcher. The next
   * watcher waits until release(), or the end of this process. If /run is read-only the lock stays.
   */
  stepDown(): void {
    if (this.holder() === ownPid) this.#change((folder) => renameSync(folder.at(NAME), folder.at(STOPPING)));
  }

  /**
   * Releases the lock, if this process has it or has given it up with stepDown(). If /run is read-only the file stays,
   * like that of a process that has ended.
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
