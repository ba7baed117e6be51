import { type FSWatcher, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync, watch } from 'node:fs';
import { FileError } from '../host/pseudo-fs.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { ReportOnce } from '../lib/report-once.js';
import { MAX_BYTES } from '../xml/decode.js';
import { readSafely } from './safe-read.js';
import { openOwnFolder, openStateFolder } from './state-folder.js';

/** A call of the hook: a line with libvirt's operation, then the domain's XML. */
export interface SpoolEntry {
  operation: string;
  xml: Uint8Array;
  /** when it was written, in milliseconds since the epoch */
  writtenAt: number;
}

export interface Spooled {
  entries: SpoolEntry[];
  /** one line for each file that is not a call of the hook */
  problems: string[];
}

const MAX_OPERATION_LENGTH = 20;
/** The directory itself, as a name in it. */
const SELF = '.';
/** Prefix of files that a watcher or a hook has taken and not finished. */
export const TAKEN_PREFIX = '.taken.';
/** After this time a hook that began a file has ended. */
const ABANDONED_MS = 60_000;
/** Used if inotify does not work. */
const POLL_INTERVAL_MS = 500;

/**
 * The directory where hook/qemu leaves libvirt's calls for the watcher: one file per domain, named by its UUID, so that
 * a later call replaces an earlier one. Other files in it are removed; links are not followed, and a FIFO does not
 * block.
 */
export class Spool {
  readonly #reported = new ReportOnce();
  #watcher: FSWatcher | undefined;
  #polling: NodeJS.Timeout | undefined;

  constructor(private readonly root = '') {}

  /**
   * Creates the directory: from now on hooks leave their calls here.
   * @throws as openStateFolder()
   */
  open(): void {
    this.#folder(true).close();
  }

  #folder(make = false): OpenFolder {
    return openSpool(this.root, make);
  }

  /** Empty if the directory is not ours, or was removed and is not created again yet. */
  #names(): string[] {
    try {
      return using(this.#folder(), namesIn);
    } catch {
      return [];
    }
  }

  /**
   * Calls onCall when a hook has left a call. A directory that was removed is created again; if that fails, onFailure
   * is called, and later calls are not seen.
   */
  watch(onCall: () => void, onFailure: (reason: string) => void): void {
    const again = () => {
      this.close();
      try {
        this.open();
        this.watch(onCall, onFailure);
        onCall();
      } catch (error) {
        onFailure((error as Error).message);
      }
    };
    try {
      // closed at once: inotify reports the removal of a directory only when no descriptor of it is open
      this.#watcher = using(this.#folder(), (folder) =>
        watch(folder.at(SELF), (event, name) => {
          // the name is the directory's own if the directory was removed; our own renames are reported, too
          if (event === 'rename' && name === SELF) again();
          else if (name === null || !name.startsWith('.')) onCall();
        }),
      );
      this.#watcher.on('error', again);
    } catch {
      // the limit of inotify instances is reached
      this.#polling = setInterval(onCall, POLL_INTERVAL_MS);
    }
  }

  /** True if there are no calls to take, and no unfinished ones. */
  get isEmpty(): boolean {
    return this.#names().every((name) => this.#reported.has(name));
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#polling);
  }

  /**
   * Takes all calls, the oldest first. Each file is renamed before it is read, so that a later call with the same name
   * is not lost.
   */
  take(): Spooled {
    const result: Spooled = { entries: [], problems: [] };
    let folder: OpenFolder;
    try {
      folder = this.#folder();
    } catch {
      return result; // it was removed, and is created again
    }
    using(folder, () => {
      for (const name of namesIn(folder)) {
        try {
          const entry = takeOne(folder, name);
          if (entry) result.entries.push(entry);
        } catch (error) {
          // a file that cannot be removed is reported each time
          const text = `${JSON.stringify(name)} in the spool: ${problemOf(error)}`;
          if (this.#reported.isNew(name, text)) result.problems.push(text);
        }
      }
    });
    result.entries.sort((a, b) => a.writtenAt - b.writtenAt);
    return result;
  }
}

/**
 * The spool's directory; the caller closes it.
 * @throws as openStateFolder()
 */
export function openSpool(root: string, make = false): OpenFolder {
  return using(openStateFolder(root, { make }), (state) => openOwnFolder(state, 'spool', { make }));
}

function takeOne(folder: OpenFolder, name: string): SpoolEntry | undefined {
  const path = folder.at(name);
  const isOurs = name.startsWith(TAKEN_PREFIX);
  if (name.startsWith('.') && !isOurs) return forgetAbandoned(path);
  if (lstatSync(path).isDirectory()) {
    rmdirSync(path);
    throw new Error('a directory: removed');
  }
  // a name of 255 characters leaves no room for the prefix
  const taken = isOurs ? path : folder.at(`${TAKEN_PREFIX}${name.slice(0, 100)}`);
  if (!isOurs) renameSync(path, taken);
  try {
    return readEntry(taken);
  } finally {
    unlinkSync(taken);
  }
}

/** A file that a hook is writing, or was writing when it was killed. */
function forgetAbandoned(path: string): undefined {
  // a time in the future is from before the clock was set back
  if (Math.abs(Date.now() - lstatSync(path).mtimeMs) > ABANDONED_MS) unlinkSync(path);
}

/** @throws FileError, or an Error if it is not a call of the hook */
export function readEntry(path: string): SpoolEntry {
  const { bytes, modifiedMs } = readSafely(path, MAX_BYTES + MAX_OPERATION_LENGTH);
  const end = bytes.subarray(0, MAX_OPERATION_LENGTH).indexOf(0x0a);
  const operation = bytes.toString('latin1', 0, Math.max(end, 0));
  if (!/^[a-z]+$/.test(operation)) throw new Error('not a call of the hook: removed');
  return { operation, xml: bytes.subarray(end + 1), writtenAt: modifiedMs };
}

const namesIn = (folder: OpenFolder) => readdirSync(folder.at('.'));

/** Messages about files that were removed unread. */
const REFUSED: Record<string, string> = {
  ELOOP: 'a link: removed',
  EBADMSG: 'not a regular file: removed',
  ENXIO: 'not a regular file: removed',
  EPERM: "another user's: removed",
  EFBIG: 'too large: removed',
};

function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof FileError && code !== undefined && code in REFUSED) return REFUSED[code] as string;
  return code === undefined ? message : `${code}, cannot be removed`;
}
