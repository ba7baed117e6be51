import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolError } from '../../lib/errors.js';
import { removeFile } from '../../lib/remove-file.js';
import { reason } from './read-input.js';

/** A folder that nobody else may look into, for definitions: they may hold passwords. */
export class TempDir {
  readonly path = orToolError(() => mkdtempSync(join(tmpdir(), 'hostdev-cpuset-')));

  /** Writes a file of mode 0600; returns its path. @throws ToolError where there is no room for it; nothing of it stays */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    try {
      orToolError(() => writeFileSync(path, text, { mode: 0o600 }));
    } catch (error) {
      removeFile(path);
      this.removeIfEmpty();
      throw error;
    }
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  removeIfEmpty(): void {
    try {
      rmdirSync(this.path);
    } catch {
      // What somebody else has put there stays.
    }
  }
}

function orToolError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ToolError(`no temporary file in ${tmpdir()}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}
