import { unlinkSync } from 'node:fs';

/** Removes a file; there may be none. Throws the system's error, of which rmSync of Node 24 loses the code. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
