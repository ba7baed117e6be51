import { chmodSync, constants, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileError } from '../host/pseudo-fs.js';

/**
 * Makes a folder that is for this user alone. Who can write to /run, or below a root, may have put something else there.
 * @throws FileError where it is a link (ENOTDIR), or another user's (EPERM); else the system's error
 */
export function makePrivateDirectory(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { mode, uid } = lstatSync(path);
  if ((mode & constants.S_IFMT) !== constants.S_IFDIR) throw new FileError('ENOTDIR', path);
  if (uid !== statSync('/proc/self').uid) throw new FileError('EPERM', path);
  if ((mode & 0o777) !== 0o700) chmodSync(path, 0o700);
}
