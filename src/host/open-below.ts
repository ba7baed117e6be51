import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';

const { O_NOFOLLOW, O_NONBLOCK, O_TRUNC } = constants;

export interface BelowOptions {
  /** of open(2), without O_TRUNC */
  flags: number;
  /** truncates once the file's type is known */
  truncate?: boolean;
  /** the last part may be a link to another file below the root */
  followLast?: boolean;
}

/**
 * Opens a file below a root for writing. Another user may have put links into the tree: a link that leads outside is
 * not followed. Devices and hard links are refused, and a FIFO does not block.
 * @throws the system's error; ELOOP for a link, EBADMSG for a device, EMLINK for a hard link
 */
export function openBelow(root: string, path: string, { flags, truncate, followLast = false }: BelowOptions): number {
  const { folder, name } = walk(path, { root, followLast });
  return using(folder, () => folder.in(name, (real) => open(real, flags | O_NOFOLLOW | O_NONBLOCK, path, truncate)));
}

function open(real: string, flags: number, path: string, truncate = false): number {
  const fd = openSync(real, flags);
  let isReturned = false;
  try {
    const stat = fstatSync(fd);
    if (stat.isCharacterDevice() || stat.isBlockDevice()) throw systemError('EBADMSG', path);
    if (stat.isFile() && stat.nlink > 1) throw systemError('EMLINK', path);
    isReturned = !truncate;
    // opened again to truncate: tracefs clears its buffer at an open with O_TRUNC
    return truncate ? openSync(descriptorPath(fd), (flags & ~O_NOFOLLOW) | O_TRUNC) : fd;
  } finally {
    if (!isReturned) closeSync(fd);
  }
}
