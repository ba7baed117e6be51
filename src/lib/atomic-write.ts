import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { pid } from 'node:process';

/** Replaces a file whole: who reads it sees the old text or the new. Throws the system's error; then the old one stands. */
export function writeAtomically(path: string, text: string, mode: number): void {
  const temporary = `${path}.${pid}.new`;
  rmSync(temporary, { force: true });
  try {
    writeFileSync(temporary, text, { mode, flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
