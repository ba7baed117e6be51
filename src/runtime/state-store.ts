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

/** The state of a domain with 4,096 vectors takes some 400 KiB: a larger file is not ours. */
const MAX_SIZE = 16 * 1024 * 1024;

/**
 * The states of domains in the runtime directory: one file per domain, replaced atomically. A file name is the
 * canonical form of the UUID; no other part of a definition is used.
 */
export class StateStore implements DomainStates {
  constructor(private readonly root = '') {}

  /**
   * Undefined if the file does not exist, is invalid, or belongs to another user: every affinity is written again then.
   */
  read(uuid: string): DomainState | undefined {
    const name = nameOf(uuid);
    const state = this.#tryIn((folder) => JSON.parse(readSafely(folder.at(name), MAX_SIZE).bytes.toString()));
    return domainStateOf(state);
  }

  /** Whether there is a file, valid or not. */
  has(uuid: string): boolean {
    const name = nameOf(uuid);
    return this.#tryIn((folder) => lstatSync(folder.at(name))) !== undefined;
  }

  /** @throws FileError if /run is full or read-only, or the directory is another user's (EPERM) or a link (ENOTDIR) */
  write(uuid: string, state: DomainState): void {
    const name = nameOf(uuid);
    this.#attempt(name, () =>
      using(openStateFolder(this.root, { make: true }), (folder) =>
        // remove() finds the temporary file of a killed process by this prefix
        writeAtomically(folder, name, JSON.stringify(state), { mode: 0o600, temporaryPrefix: `${name}.` }),
      ),
    );
  }

  /**
   * Removes a domain's file, and temporary files of killed processes.
   * @throws FileError if /run is read-only
   */
  remove(uuid: string): void {
    const own = nameOf(uuid);
    const isOf = (name: string) => name === own || name.startsWith(`${own}.`);
    const names = this.#tryIn((folder) => readdirSync(folder.at('.')).filter(isOf)) ?? [];
    if (names.length === 0) return;
    this.#attempt(own, () =>
      using(openStateFolder(this.root), (folder) => {
        for (const name of names) removeFile(folder, name);
      }),
    );
  }

  /** The UUIDs of domains that have a state. */
  list(): string[] {
    const names = this.#tryIn((folder) => readdirSync(folder.at('.'))) ?? [];
    return names.flatMap((name) => {
      const uuid = name.endsWith('.json') ? name.slice(0, -5) : '';
      return canonicalUuid(uuid) === uuid ? [uuid] : [];
    });
  }

  /** Undefined if the directory is missing or not ours, or the action fails. */
  #tryIn<T>(action: (folder: OpenFolder) => T): T | undefined {
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

/** Another process may have removed it already. */
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

/** Whether a text is a UUID in any of the forms that libvirt accepts. */
export function isUuid(text: string | undefined): text is string {
  return text !== undefined && canonicalUuid(text) !== undefined;
}
