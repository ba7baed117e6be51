import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, descriptorsHavePaths, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

export interface BelowOptions {
  /** flags of open(2), without O_TRUNC */
  flags: number;
  /** truncate the file after its type has been checked */
  truncate?: boolean;
  /** the last component may be a link to another file below the root */
  followLast?: boolean;
}

/**
 * Opens a file below a root. Another user may have put links there: a link that leads outside is not followed. Devices
 * are refused, for writing hard links too, and a FIFO does not block.
 * @throws the system's error; ELOOP for a link, EBADMSG for a device, EMLINK for a hard link
 */
export function openBelow(root: string, path: string, { flags, truncate, followLast = false }: BelowOptions): number {
  const { folder, name } = walk(path, { root, followLast });
  return using(folder, () => folder.in(name, (real) => open(real, flags | O_NOFOLLOW | O_NONBLOCK, path, truncate)));
}

/**
 * Opens a file below a root for reading, as openBelow() does. Nearly all paths contain no links: to check that is
 * cheaper than to follow the path component by component.
 * @throws the system's error; EBADMSG for a device
 */
export function openBelowToRead(root: string, path: string): number {
  const file = root + path;
  if (isRegular(file)) {
    const fd = openSync(file, O_RDONLY | O_NONBLOCK);
    const real = descriptorsHavePaths() ? readlinkSync(descriptorPath(fd)) : realpathSync(file);
    if (real.startsWith(`${realpathSync.native(root)}/`)) return fd;
    closeSync(fd);
  }
  return openBelow(root, path, { flags: O_RDONLY, followLast: true });
}

/** False also for a link whose target does not exist: below the root the target may exist. */
function isRegular(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

function open(real: string, flags: number, path: string, truncate = false): number {
  // opening a device may have side effects
  if (isDevice(lstatSync(real))) throw systemError('EBADMSG', path);
  const fd = openSync(real, flags);
  let isReturned = false;
  try {
    const stat = fstatSync(fd);
    if (isDevice(stat)) throw systemError('EBADMSG', path);
    const isWritten = (flags & (O_WRONLY | O_RDWR)) !== 0;
    if (isWritten && stat.isFile() && stat.nlink > 1) throw systemError('EMLINK', path);
    isReturned = !truncate;
    // opened again to truncate: tracefs clears its buffer at an open with O_TRUNC
    return truncate ? openSync(descriptorPath(fd), (flags & ~O_NOFOLLOW) | O_TRUNC) : fd;
  } finally {
    if (!isReturned) closeSync(fd);
  }
}

const isDevice = (stat: Stats) => stat.isCharacterDevice() || stat.isBlockDevice();
