import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalUuid } from '../domain/uuid.js';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { type DomainState, type DomainStates, domainStateOf } from './domain-state.js';
import { readSafely } from './safe-read.js';
import { openStateFolder, STATE_FOLDER } from './state-folder.js';

export type { DomainState, DomainStates };

/** A domain of 4,096 vectors has some 400 KiB: a file beyond this is not ours. */
const LARGEST = 16 * 1024 * 1024;

/**
 * The folder for state below /run, mode 0700: a file a domain, replaced whole. Files are named by the UUID's canonical form
 * and by nothing else that a definition says.
 */
export class StateStore implements DomainStates {
  constructor(private readonly root = '') {}

  /** Undefined where there is none, and where it is garbage, or somebody else's: then everything is written once more. */
  read(uuid: string): DomainState | undefined {
    const name = nameOf(uuid);
    const state = this.#look((folder) => JSON.parse(readSafely(folder.at(name), LARGEST).bytes.toString()));
    return domainStateOf(state);
  }

  /** Whether there is a file, garbage or not. */
  has(uuid: string): boolean {
    const name = nameOf(uuid);
    return this.#look((folder) => lstatSync(folder.at(name))) !== undefined;
  }

  /** @throws FileError where /run is full or read-only, or the folder is not ours (EPERM) or a link (ENOTDIR) */
  write(uuid: string, state: DomainState): void {
    const name = nameOf(uuid);
    this.#attempt(name, () =>
      using(openStateFolder(this.root, { make: true }), (folder) =>
        // remove() finds by its name what a process that is killed leaves
        writeAtomically(folder, name, JSON.stringify(state), { mode: 0o600, temporaryPrefix: `${name}.` }),
      ),
    );
  }

  /** Removes a domain's file, and what a writer that was killed left of it. @throws FileError where /run is read-only */
  remove(uuid: string): void {
    const own = nameOf(uuid);
    const isOf = (name: string) => name === own || name.startsWith(`${own}.`);
    const names = this.#look((folder) => readdirSync(folder.at('.')).filter(isOf)) ?? [];
    if (names.length === 0) return;
    this.#attempt(own, () =>
      using(openStateFolder(this.root), (folder) => {
        for (const name of names) removeFile(folder, name);
      }),
    );
  }

  /** The domains that have a state, by UUID. */
  list(): string[] {
    const names = this.#look((folder) => readdirSync(folder.at('.'))) ?? [];
    return names.flatMap((name) => {
      const uuid = name.endsWith('.json') ? name.slice(0, -5) : '';
      return canonicalUuid(uuid) === uuid ? [uuid] : [];
    });
  }

  /** Undefined where there is no folder that is ours, or not what is looked for in it. */
  #look<T>(action: (folder: OpenFolder) => T): T | undefined {
    try {
      return using(openStateFolder(this.root), action);
    } catch {
      return undefined;
    }
  }

  #attempt(name: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (error instanceof FileError || code === undefined) throw error;
      throw new FileError(code, join(this.root || '/', STATE_FOLDER, name));
    }
  }
}

/** Another process may have been faster. */
function removeFile(folder: OpenFolder, name: string): void {
  try {
    folder.in(name, unlinkSync);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function nameOf(uuid: string): string {
  const canonical = canonicalUuid(uuid);
  if (canonical === undefined) throw new RangeError('not a UUID');
  return `${canonical}.json`;
}

/** Whether a text can name a state: a UUID in any of the forms that libvirt takes. */
export function isUuid(text: string | undefined): text is string {
  return text !== undefined && canonicalUuid(text) !== undefined;
}
