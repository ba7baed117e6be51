import { mkdtempSync, openSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryReason } from '../../lib/errno.js';
import { ToolError } from '../../lib/errors.js';

/** A temporary directory of mode 0700 for definitions, which may contain passwords. */
export class TempDir {
  readonly path = orToolError(() => mkdtempSync(join(tmpdir(), 'hostdev-cpuset-')));

  /** Writes a file of mode 0600; returns its path. @throws ToolError if that fails; the file is then removed */
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
      // another program has put a file there
    }
  }
}

/**
 * A temporary file with this text, open for reading and already unlinked: nothing is left, however the process ends.
 * Pending signals are handled later. The caller closes it.
 * @throws ToolError
 */
export function openNameless(text: string): number {
  const folder = new TempDir();
  try {
    const path = folder.write('domain.xml', text);
    return orToolError(() => openSync(path, 'r'));
  } finally {
    folder.remove();
  }
}

/** Removes a file, if it exists. Throws the system's error with its code, which rmSync of Node 24 loses. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function orToolError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ToolError(
      `cannot write a temporary file in ${tmpdir()}: ${directoryReason(error as NodeJS.ErrnoException)}`,
    );
  }
}
