import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid as ownPid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { makePrivateDirectory } from './private-dir.js';

/**
 * The place of the one watcher of a host: a file `PID START` below /run, START being field 22 of /proc/PID/stat, so that a pid
 * that became another's is told apart. hook/qemu reads it the same way. It is made whole, by a hard link.
 */
export class InstanceLock {
  readonly #folder: string;
  readonly #file: string;

  constructor(root = '') {
    this.#folder = join(root || '/', 'run/hostdev-cpuset');
    this.#file = join(this.#folder, 'watch.pid');
  }

  /** Takes it; else says who has it. A dead one's is taken over. Throws FileError or the system's error where /run is not ours to write. */
  take(): { taken: true } | { taken: false; pid: number } {
    makePrivateDirectory(this.#folder);
    const own = `${this.#file}.${ownPid}`;
    try {
      writeOwn(own);
      for (;;) {
        try {
          linkSync(own, this.#file);
          return { taken: true };
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        const pid = this.holder();
        if (pid !== undefined) return { taken: false, pid };
        this.#clear();
      }
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** The watcher that lives; undefined where none does. */
  holder(): number | undefined {
    return livingIn(this.#file);
  }

  /** Gives it up, if it is this process's. Where /run is read-only it stays, as a dead one's. */
  leave(): void {
    if (this.holder() !== ownPid) return;
    try {
      rmSync(this.#file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
    }
  }

  /** Two may find the same dead one: what was moved aside is looked at again, and put back if it is a living one's. */
  #clear(): void {
    const aside = `${this.#file}.dead.${ownPid}`;
    try {
      renameSync(this.#file, aside);
      if (livingIn(aside) !== undefined) linkSync(aside, this.#file);
    } catch (error) {
      if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    rmSync(aside, { force: true, recursive: true });
  }
}

/** @throws FileError: Node does not say which file a full /run has no room for */
function writeOwn(file: string): void {
  try {
    writeFileSync(file, `${ownPid} ${startOf(ownPid) ?? ''}\n`, { mode: 0o600 });
  } catch (error) {
    throw new FileError((error as NodeJS.ErrnoException).code ?? 'EIO', file);
  }
}

function livingIn(file: string): number | undefined {
  const [, pid, start] = /^([1-9]\d{0,9}) (\d+)\n$/.exec(textOf(file)) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start ? Number(pid) : undefined;
}

/** When a process started, in ticks since boot. A command's name may hold spaces and parentheses: it ends at the last one. */
function startOf(pid: number): string | undefined {
  return textOf(`/proc/${pid}/stat`).split(')').at(-1)?.split(' ')[20];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
