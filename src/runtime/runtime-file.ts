import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileError } from '../host/pseudo-fs.js';
import { writeAtomically } from '../lib/atomic-write.js';
import { makePrivateDirectory } from './private-dir.js';

/** A small text file in /run/hostdev-cpuset, replaced whole, readable by root alone. */
export class RuntimeFile {
  readonly #path: string;

  /** @param name without a folder; what comes from outside has no place in it */
  constructor(root: string, name: string) {
    this.#path = join(root || '/', 'run/hostdev-cpuset', name);
  }

  /** Undefined where there is none. */
  read(): string | undefined {
    try {
      return lstatSync(this.#path).isFile() ? readFileSync(this.#path, 'utf8') : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Writes where that is news.
   * @throws FileError where /run is full or read-only, or the folder is not ours
   */
  write(text: string): void {
    if (this.read() === text) return;
    this.#attempt(() => {
      makePrivateDirectory(dirname(this.#path));
      writeAtomically(this.#path, text, 0o600);
    });
  }

  /** @throws FileError where /run is read-only */
  remove(): void {
    this.#attempt(() => rmSync(this.#path, { force: true }));
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw error instanceof FileError || code === undefined ? error : new FileError(code, this.#path);
    }
  }
}
