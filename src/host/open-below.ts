import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';

const { O_NOFOLLOW, O_NONBLOCK, O_TRUNC } = constants;

export interface BelowOptions {
  /** of open(2), without O_TRUNC: that is `truncate`, once it is known what stands there */
  flags: number;
  truncate?: boolean;
  /** the last part may be a link to something else below the root */
  followLast?: boolean;
}

/**
 * Opens a file below a root for writing. Who can write to the tree may have put links there: they lead to nothing
 * outside, no device is written to, no FIFO waited for, and no file that has another name somewhere.
 * @throws the system's error; ELOOP for a link, EBADMSG for a device, EMLINK for a file with another name
 */
export function openBelow(root: string, path: string, { flags, truncate, followLast = false }: BelowOptions): number {
  const { folder, name } = walk(path, { root, followLast });
  return using(folder, () => folder.in(name, (real) => open(real, flags | O_NOFOLLOW | O_NONBLOCK, path, truncate)));
}

function open(real: string, flags: number, path: string, truncate = false): number {
  const fd = openSync(real, flags);
  let isTaken = false;
  try {
    const stat = fstatSync(fd);
    if (stat.isCharacterDevice() || stat.isBlockDevice()) throw systemError('EBADMSG', path);
    if (stat.isFile() && stat.nlink > 1) throw systemError('EMLINK', path);
    isTaken = !truncate;
    // opened again, now that its kind is known: tracefs empties its buffer when it is opened so
    return truncate ? openSync(descriptorPath(fd), (flags & ~O_NOFOLLOW) | O_TRUNC) : fd;
  } finally {
    if (!isTaken) closeSync(fd);
  }
}
