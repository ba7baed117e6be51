import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { canonicalUuid } from '../domain/uuid.js';
import { FileError } from '../host/pseudo-fs.js';
import { type DomainState, type DomainStates, domainStateOf } from './domain-state.js';
import { makePrivateDirectory } from './private-dir.js';
import { readSafely } from './safe-read.js';

export type { DomainState, DomainStates };

/** A domain of 4,096 vectors has some 400 KiB: a file beyond this is not ours. */
const LARGEST = 16 * 1024 * 1024;

/**
 * The folder for state below /run, mode 0700: a file a domain, replaced whole. Files are named by the UUID's canonical form
 * and by nothing else that a definition says.
 */
export class StateStore implements DomainStates {
  readonly #folder: string;

  constructor(root = '') {
    this.#folder = join(root || '/', 'run/hostdev-cpuset');
  }

  /** Undefined where there is none, and where it is garbage, or somebody else's: then everything is written once more. */
  read(uuid: string): DomainState | undefined {
    const file = this.#file(uuid);
    try {
      this.#checkFolder();
      return domainStateOf(JSON.parse(readSafely(file, LARGEST).bytes.toString()));
    } catch {
      return undefined;
    }
  }

  /** Whether there is a file, garbage or not. */
  has(uuid: string): boolean {
    return existsSync(this.#file(uuid));
  }

  /** @throws FileError where /run is full or read-only, or the folder is not ours (EPERM) or a link (ENOTDIR) */
  write(uuid: string, state: DomainState): void {
    const file = this.#file(uuid);
    attempt(file, () => {
      makePrivateDirectory(this.#folder);
      const { fd, path } = openNew(file);
      try {
        writeFileSync(fd, JSON.stringify(state));
        renameSync(path, file);
      } catch (error) {
        rmSync(path, { force: true });
        throw error;
      } finally {
        closeSync(fd);
      }
    });
  }

  /** Removes a domain's file, and what a writer that was killed left of it. @throws FileError where /run is read-only */
  remove(uuid: string): void {
    const file = this.#file(uuid);
    attempt(file, () => {
      for (const path of this.#names().map((name) => join(this.#folder, name))) {
        if (path === file || path.startsWith(`${file}.`)) rmSync(path, { force: true });
      }
    });
  }

  /** The domains that have a state, by UUID. */
  list(): string[] {
    return this.#names().flatMap((name) => {
      const uuid = name.endsWith('.json') ? name.slice(0, -5) : '';
      return canonicalUuid(uuid) === uuid ? [uuid] : [];
    });
  }

  /** None where there is no folder, or none that is ours. */
  #names(): string[] {
    try {
      this.#checkFolder();
      return readdirSync(this.#folder);
    } catch {
      return [];
    }
  }

  /** Who can write to /run, or below a root, may have put a link there, or a folder of their own. */
  #checkFolder(): void {
    const { mode, uid } = lstatSync(this.#folder);
    if ((mode & constants.S_IFMT) !== constants.S_IFDIR) throw new FileError('ENOTDIR', this.#folder);
    if (uid !== statSync('/proc/self').uid) throw new FileError('EPERM', this.#folder);
  }

  #file(uuid: string): string {
    const canonical = canonicalUuid(uuid);
    if (canonical === undefined) throw new RangeError('not a UUID');
    return join(this.#folder, `${canonical}.json`);
  }
}

/** Whether a text can name a state: a UUID in any of the forms that libvirt takes. */
export function isUuid(text: string | undefined): text is string {
  return text !== undefined && canonicalUuid(text) !== undefined;
}

/** A file beside it that nobody has: a process that was killed may have left one, and its pid be ours now. */
function openNew(file: string): { fd: number; path: string } {
  for (let number = 0; ; number++) {
    const path = `${file}.${pid}.${number}`;
    try {
      return { fd: openSync(path, 'wx', 0o600), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || number === 100) throw error;
    }
  }
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw error instanceof FileError || code === undefined ? error : new FileError(code, path);
  }
}
