import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { geteuid } from 'node:process';
import { FileError } from './files.js';

/** A small text file in /run/hostdev-cpuset, replaced whole, readable by root alone. */
export class RunFile {
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
    const temporary = `${this.#path}.${randomBytes(6).toString('hex')}`;
    this.#attempt(() => {
      this.#makeFolder();
      try {
        writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
        renameSync(temporary, this.#path);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }

  /** @throws FileError where /run is read-only */
  remove(): void {
    this.#attempt(() => rmSync(this.#path, { force: true }));
  }

  /** Who can write to /run, or below a root, may have put a link there, or a folder of their own. */
  #makeFolder(): void {
    const folder = dirname(this.#path);
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory()) throw new FileError('ENOTDIR', folder);
    if (stat.uid !== geteuid?.()) throw new FileError('EPERM', folder);
    if ((stat.mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
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
