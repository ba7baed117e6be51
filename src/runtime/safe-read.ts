import { closeSync, readFileSync } from 'node:fs';
import { geteuid } from 'node:process';
import { FileError } from '../host/pseudo-fs.js';
import { errnoOf } from '../lib/errno.js';
import { openRegular } from '../lib/regular-file.js';

/**
 * Reads a whole file that belongs to this user. Other users may have put another kind of file in its place: links are
 * not followed, and a FIFO does not block.
 * @throws FileError ELOOP for a link, EBADMSG if it is not a regular file, EPERM for another user's, EFBIG for one of
 *   more than maxSize bytes; otherwise the system's error
 */
export function readSafely(path: string, maxSize: number): { bytes: Buffer; modifiedMs: number } {
  const { fd, stat } = open(path);
  try {
    if (stat.uid !== geteuid?.()) throw new FileError('EPERM', path);
    if (stat.size > maxSize) throw new FileError('EFBIG', path);
    return { bytes: readFileSync(fd), modifiedMs: stat.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

function open(path: string): ReturnType<typeof openRegular> {
  try {
    return openRegular(path);
  } catch (error) {
    throw new FileError(errnoOf(error), path);
  }
}
