import { linkSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pid as ownPid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { removeTree } from '../lib/remove-tree.js';
import { openStateFolder } from './private-dir.js';
import { readSafely } from './safe-read.js';

const NAME = 'watch.pid';
/** Two numbers: a file beyond this is not ours. */
const LONGEST = 100;

/**
 * The place of the one watcher of a host: a file `PID START` below /run, START being field 22 of /proc/PID/stat, so
 * that a pid that became another's is told apart. hook/qemu reads it the same way. It is made whole, by a hard link.
 * Another user's file says nothing: the process that it names would be sent signals.
 */
export class InstanceLock {
  constructor(private readonly root = '') {}

  /**
   * Takes it; else says who has it. A dead one's is taken over. Throws FileError or the system's error where /run is
   * not ours to write.
   */
  take(): { taken: true } | { taken: false; pid: number } {
    return using(openStateFolder(this.root, { make: true }), (folder) => {
      const own = `${NAME}.${ownPid}`;
      try {
        writeOwn(folder, own);
        for (;;) {
          try {
            linkSync(folder.at(own), folder.at(NAME));
            return { taken: true };
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
          }
          const pid = livingIn(folder, NAME);
          if (pid !== undefined) return { taken: false, pid };
          clear(folder);
        }
      } finally {
        removeTree(folder, own);
      }
    });
  }

  /** The watcher that lives; undefined where none does. */
  holder(): number | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => livingIn(folder, NAME));
    } catch {
      return undefined;
    }
  }

  /** Gives it up, if it is this process's. Where /run is read-only it stays, as a dead one's. */
  leave(): void {
    if (this.holder() !== ownPid) return;
    try {
      using(openStateFolder(this.root), (folder) => folder.in(NAME, unlinkSync));
    } catch (error) {
      if (!['EROFS', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Two may find the same dead one: what was moved aside is looked at again, and put back if it is a living one's. */
function clear(folder: OpenFolder): void {
  const aside = `${NAME}.dead.${ownPid}`;
  try {
    renameSync(folder.at(NAME), folder.at(aside));
    if (livingIn(folder, aside) !== undefined) linkSync(folder.at(aside), folder.at(NAME));
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  removeTree(folder, aside);
}

/** @throws FileError: Node does not say which file a full /run has no room for */
function writeOwn(folder: OpenFolder, name: string): void {
  try {
    writeAtomically(folder, name, `${ownPid} ${startOf(ownPid) ?? ''}\n`, { mode: 0o600 });
  } catch (error) {
    throw new FileError((error as NodeJS.ErrnoException).code ?? 'EIO', join(folder.path, name));
  }
}

function livingIn(folder: OpenFolder, name: string): number | undefined {
  let text = '';
  try {
    text = readSafely(folder.at(name), LONGEST).bytes.toString();
  } catch {
    return undefined;
  }
  const [, pid, start] = /^([1-9]\d{0,9}) (\d+)\n$/.exec(text) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start ? Number(pid) : undefined;
}

/**
 * When a process started, in ticks since boot. A command's name may hold spaces and parentheses: it ends at the last
 * one.
 */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1)?.split(' ')[20];
  } catch {
    return undefined;
  }
}
