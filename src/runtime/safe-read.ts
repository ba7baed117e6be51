import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { FileError } from '../host/pseudo-fs.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Reads a file of this user's own whole: who can write beside it may have put something else there. Nothing is followed, and nothing is
 * waited for.
 * @throws FileError ELOOP for a link, EBADMSG for what is no regular file, EPERM for another user's, EFBIG for one that is longer; else
 * the system's error
 */
export function readSafely(path: string, longest: number): { bytes: Buffer; modifiedMs: number } {
  const fd = open(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new FileError('EBADMSG', path);
    if (stat.uid !== statSync('/proc/self').uid) throw new FileError('EPERM', path);
    if (stat.size > longest) throw new FileError('EFBIG', path);
    return { bytes: readFileSync(fd), modifiedMs: stat.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw new FileError((error as NodeJS.ErrnoException).code ?? 'EIO', path);
  }
}
