import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { geteuid, pid } from 'node:process';
import type { OpenFolder } from './open-folder.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

export interface AtomicWriteOptions {
  /** of the new file, less what the umask takes */
  mode: number;
  /** what the name begins with that it has until it is complete; the pid and what cannot be guessed follow */
  temporaryPrefix?: string;
  /** it is on the disk before it takes the name */
  flush?: boolean;
  /** gives it what else it is to have, by its descriptor */
  prepare?(fd: number): void;
  /** the last look; throws where it must not take the name */
  beforeRename?(): void;
  /** what is done by its descriptor once it has the name */
  afterRename?(fd: number): void;
}

/**
 * Writes a file whole: who reads it sees the old text or the new. A link in its place is replaced, never followed.
 * Other users who can write to the folder cannot have another file changed, nor another one take the name unseen; of
 * one user's processes the last one has the name.
 * @throws the system's error, or an Error in words where somebody else has exchanged the file. The old one then stands,
 * except where the exchange was seen only afterwards
 */
export function writeAtomically(folder: OpenFolder, name: string, text: string, options: AtomicWriteOptions): void {
  const { mode, temporaryPrefix = '.tmp-', flush, prepare, beforeRename, afterRename } = options;
  // the pid tells later whether the process that made it has ended
  const temporary = `${temporaryPrefix}${pid}-${randomBytes(12).toString('hex')}`;
  const isShared = isWritableByOthers(folder);
  const fd = folder.in(temporary, (path) => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  try {
    try {
      writeFileSync(fd, text);
      prepare?.(fd);
      if (flush) fsyncSync(fd);
      beforeRename?.();
      if (isShared) checkIs(fd, folder, temporary);
      folder.in(name, (path) => renameSync(folder.at(temporary), path));
    } catch (error) {
      removeOwn(fd, folder, temporary);
      throw error;
    }
    if (isShared) checkIs(fd, folder, name);
    afterRename?.(fd);
  } finally {
    closeSync(fd);
  }
}

/** Of those who may write to a folder of ours alone, none is another user. */
function isWritableByOthers(folder: OpenFolder): boolean {
  const { uid, mode } = folder.stat();
  return uid !== geteuid?.() || (mode & 0o022) !== 0;
}

/** Whether a name is that of the open file. */
function is(fd: number, folder: OpenFolder, name: string): boolean {
  const there = lstatSync(folder.at(name), { bigint: true, throwIfNoEntry: false });
  const own = fstatSync(fd, { bigint: true });
  return there?.dev === own.dev && there.ino === own.ino;
}

function checkIs(fd: number, folder: OpenFolder, name: string): void {
  if (!is(fd, folder, name)) throw new Error(`somebody else has exchanged ${join(folder.path, name)}`);
}

function removeOwn(fd: number, folder: OpenFolder, name: string): void {
  try {
    if (is(fd, folder, name)) unlinkSync(folder.at(name));
  } catch {
    // the first error says more
  }
}
