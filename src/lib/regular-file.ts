import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { systemError } from './errno.js';

const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants;

export interface OpenRegularFile {
  fd: number;
  stat: Stats;
}

/**
 * Opens a file for reading, or with other flags. Does not follow a link, wait for a FIFO or open a device. The caller
 * closes it.
 * @throws the system's error; ELOOP for a link, EBADMSG if it is not a regular file
 */
export function openRegular(path: string, flags = O_RDONLY): OpenRegularFile {
  // opening a device may have side effects, and a socket cannot be opened
  check(lstatSync(path), path);
  const fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    check(stat, path);
    return { fd, stat };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The text of a regular file. @throws as openRegular() */
export function readRegular(path: string): { text: string; stat: Stats } {
  const { fd, stat } = openRegular(path);
  try {
    return { text: readFileSync(fd, 'utf8'), stat };
  } finally {
    closeSync(fd);
  }
}

function check(stat: Stats, path: string): void {
  if (stat.isSymbolicLink()) throw systemError('ELOOP', path);
  if (!stat.isFile()) throw systemError('EBADMSG', path);
}
