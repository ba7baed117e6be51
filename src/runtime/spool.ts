import { type FSWatcher, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync, watch } from 'node:fs';
import { FileError } from '../host/pseudo-fs.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { MAX_BYTES } from '../xml/decode.js';
import { readSafely } from './safe-read.js';
import { openOwnFolder, openStateFolder } from './state-folder.js';

/** What a call of the hook left: a line with libvirt's operation, then the domain's XML. */
export interface SpoolEntry {
  operation: string;
  xml: Uint8Array;
  /** milliseconds since the epoch */
  left: number;
}

export interface Spooled {
  entries: SpoolEntry[];
  /** a line for each thing that does not belong there */
  problems: string[];
}

/** An operation is a word; the document may be as long as any. */
const LONGEST_WORD = 20;
/** The folder itself, as a name in it. */
const SELF = '.';
/** Begins the name of a file that is being served, or was when its watcher or hook ended. */
export const TAKEN = '.taken.';
/** Milliseconds after which a file that was begun is nobody's any more. */
const ABANDONED = 60_000;
/** Milliseconds between two looks where the system does not tell. */
const POLLING = 500;

/**
 * The folder where hook/qemu leaves what libvirt called it for: a file a domain, named by its UUID, so that a later call
 * replaces an earlier one. Whatever else lies there is removed, never followed and never waited for.
 */
export class Spool {
  readonly #left = new Set<string>();
  #watcher: FSWatcher | undefined;
  #polling: NodeJS.Timeout | undefined;

  constructor(private readonly root = '') {}

  /** Makes the folder. From now on hooks leave their calls here. Throws where it cannot be, as openStateFolder() does. */
  open(): void {
    this.#folder(true).close();
  }

  #folder(make = false): OpenFolder {
    return using(openStateFolder(this.root, { make }), (state) => openOwnFolder(state, 'spool', { make }));
  }

  /** None where there is no folder that is ours: it went, and is made again. */
  #names(): string[] {
    try {
      return using(this.#folder(), namesIn);
    } catch {
      return [];
    }
  }

  /** Calls back when something was left. A folder that is removed is made again; `deaf` where that cannot be. */
  watch(something: () => void, deaf: (reason: string) => void): void {
    const again = () => {
      this.close();
      try {
        this.open();
        this.watch(something, deaf);
        something();
      } catch (error) {
        deaf((error as Error).message);
      }
    };
    try {
      // closed again at once: the system tells that a folder went only when nobody has it open
      this.#watcher = using(this.#folder(), (folder) =>
        watch(folder.at(SELF), (event, name) => {
          // the folder's own name comes when it goes; our own takings are changes as well
          if (event === 'rename' && name === SELF) again();
          else if (name === null || !name.startsWith('.')) something();
        }),
      );
      this.#watcher.on('error', again);
    } catch {
      // the system has no more inotify instances for us
      this.#polling = setInterval(something, POLLING);
    }
  }

  /** Something waits to be taken. What a hook has begun counts: it is about to be left. */
  hasSome(): boolean {
    return this.#names().some((name) => !this.#left.has(name));
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#polling);
  }

  /** Takes all that is there, the oldest first. Each file is moved before it is read: a later one of its name is not lost. */
  take(): Spooled {
    const result: Spooled = { entries: [], problems: [] };
    let folder: OpenFolder;
    try {
      folder = this.#folder();
    } catch {
      return result; // it went, and is made again
    }
    using(folder, () => {
      for (const name of namesIn(folder)) {
        try {
          const entry = takeOne(folder, name);
          if (entry) result.entries.push(entry);
        } catch (error) {
          // said once: what cannot be removed stays
          if (!this.#left.has(name)) result.problems.push(`${JSON.stringify(name)} in the spool: ${wordsOf(error)}`);
          this.#left.add(name);
        }
      }
    });
    result.entries.sort((a, b) => a.left - b.left);
    return result;
  }
}

function takeOne(folder: OpenFolder, name: string): SpoolEntry | undefined {
  const path = folder.at(name);
  const isOurs = name.startsWith(TAKEN);
  if (name.startsWith('.') && !isOurs) return forgetAbandoned(path);
  if (lstatSync(path).isDirectory()) {
    rmdirSync(path);
    throw new Error('a folder, which is removed');
  }
  // a name may be as long as a name can be
  const taken = isOurs ? path : folder.at(`${TAKEN}${name.slice(0, 100)}`);
  if (!isOurs) renameSync(path, taken);
  try {
    return readEntry(taken);
  } finally {
    unlinkSync(taken);
  }
}

/** A hook is writing it, or was killed doing so. */
function forgetAbandoned(path: string): undefined {
  if (Date.now() - lstatSync(path).mtimeMs > ABANDONED) unlinkSync(path);
}

/** @throws FileError, or an Error where it is nothing that the hook leaves */
export function readEntry(path: string): SpoolEntry {
  const { bytes, modifiedMs } = readSafely(path, MAX_BYTES + LONGEST_WORD);
  const end = bytes.subarray(0, LONGEST_WORD).indexOf(0x0a);
  const operation = bytes.toString('latin1', 0, Math.max(end, 0));
  if (!/^[a-z]+$/.test(operation)) throw new Error('nothing that the hook leaves: removed');
  return { operation, xml: bytes.subarray(end + 1), left: modifiedMs };
}

const namesIn = (folder: OpenFolder) => readdirSync(folder.at('.'));

/** What was wrong with a file that was taken, and is gone now. */
const REFUSED: Record<string, string> = {
  ELOOP: 'a link: removed',
  EBADMSG: 'no regular file: removed',
  ENXIO: 'no regular file: removed',
  EPERM: "another user's: removed",
  EFBIG: 'too large: removed',
};

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof FileError && code !== undefined && code in REFUSED) return REFUSED[code] as string;
  return code === undefined ? message : `${code}, it stays`;
}
