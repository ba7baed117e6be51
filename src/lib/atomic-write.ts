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
  /** mode of the new file; the umask applies */
  mode: number;
  /** start of the name that the file has until it is complete; the pid and random characters follow */
  temporaryPrefix?: string;
  /** flush the file to disk before it gets its name */
  flush?: boolean;
  /** sets owner, attributes and so on by descriptor, before the file gets its name */
  prepare?(fd: number): void;
  /** last check before the rename; throws if the file must not be replaced */
  beforeRename?(): void;
  /** called with the descriptor after the rename */
  afterRename?(fd: number): void;
}

/**
 * Writes a file atomically: a reader sees the old text or the new one. A link with this name is replaced, never
 * followed. If other users can write to the directory, the write cannot change another file, and a replaced file is
 * detected. If several processes of one user write, the last one wins.
 * @throws the system's error, or an Error with a message if another program has replaced the file. The old file then
 *   stays, unless the replacement was detected only after the rename
 */
export function writeAtomically(folder: OpenFolder, name: string, text: string, options: AtomicWriteOptions): void {
  const { mode, temporaryPrefix = '.tmp-', flush, prepare, beforeRename, afterRename } = options;
  // the pid shows later whether the process that created the file has ended
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

/** False if the directory belongs to this user and only this user can write to it. */
function isWritableByOthers(folder: OpenFolder): boolean {
  const { uid, mode } = folder.stat();
  return uid !== geteuid?.() || (mode & 0o022) !== 0;
}

/** Whether the name belongs to the open file. */
function is(fd: number, folder: OpenFolder, name: string): boolean {
  const there = lstatSync(folder.at(name), { bigint: true, throwIfNoEntry: false });
  const own = fstatSync(fd, { bigint: true });
  return there?.dev === own.dev && there.ino === own.ino;
}

function checkIs(fd: number, folder: OpenFolder, name: string): void {
  if (!is(fd, folder, name)) throw new Error(`another program has replaced ${join(folder.path, name)}`);
}

function removeOwn(fd: number, folder: OpenFolder, name: string): void {
  try {
    if (is(fd, folder, name)) unlinkSync(folder.at(name));
  } catch {
    // the first error is the useful one
  }
}
