import { lstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { isAbsent } from '../lib/errno.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { readSafely } from './safe-read.js';
import { openStateFolder, STATE_FOLDER } from './state-folder.js';

/** 4,096 interrupts of many domains take a few MiB: a larger file is not ours. */
const MAX_SIZE = 64 * 1024 * 1024;

/** A small text file in the runtime directory, replaced atomically, readable by root alone. */
export class RuntimeFile {
  /** @param name a constant file name */
  constructor(
    private readonly root: string,
    private readonly name: string,
  ) {}

  /** Undefined if there is no such file of this user. */
  read(): string | undefined {
    try {
      return using(openStateFolder(this.root), (folder) => this.#textIn(folder));
    } catch {
      return undefined;
    }
  }

  /**
   * Writes the text if it has changed.
   * @throws FileError if /run is full or read-only, or the directory is not ours
   */
  write(text: string): void {
    if (this.read() === text) return;
    this.#attempt(() =>
      using(openStateFolder(this.root, { make: true }), (folder) =>
        writeAtomically(folder, this.name, text, { mode: 0o600 }),
      ),
    );
  }

  /** @throws FileError if /run is read-only, or the directory is not ours */
  remove(): void {
    this.#attempt(() => {
      try {
        using(openStateFolder(this.root), (folder) => {
          // a read-only file system refuses to remove even a file that does not exist
          if (lstatSync(folder.at(this.name), { throwIfNoEntry: false })) folder.in(this.name, unlinkSync);
        });
      } catch (error) {
        if (!isAbsent((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    });
  }

  #textIn(folder: OpenFolder): string {
    return readSafely(folder.at(this.name), MAX_SIZE).bytes.toString();
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (error instanceof FileError || code === undefined) throw error;
      throw new FileError(code, join(this.root || '/', STATE_FOLDER, this.name));
    }
  }
}
