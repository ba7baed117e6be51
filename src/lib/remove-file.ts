import { unlinkSync } from 'node:fs';

/** Removes a file, if it exists. Throws the system's error with its code, which rmSync of Node 24 loses. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
