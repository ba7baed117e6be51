import { closeSync, readFileSync } from 'node:fs';
import { geteuid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { openRegular } from '../lib/regular-file.js';

/**
 * Reads a file of this user's own whole: who can write beside it may have put something else there. Nothing is
 * followed, and nothing is waited for.
 * @throws FileError ELOOP for a link, EBADMSG for what is no regular file, EPERM for another user's, EFBIG for one that
 * is longer; else
 * the system's error
 */
export function readSafely(path: string, longest: number): { bytes: Buffer; modifiedMs: number } {
  const { fd, stat } = open(path);
  try {
    if (stat.uid !== geteuid?.()) throw new FileError('EPERM', path);
    if (stat.size > longest) throw new FileError('EFBIG', path);
    return { bytes: readFileSync(fd), modifiedMs: stat.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

function open(path: string): ReturnType<typeof openRegular> {
  try {
    return openRegular(path);
  } catch (error) {
    throw new FileError((error as NodeJS.ErrnoException).code ?? 'EIO', path);
  }
}
