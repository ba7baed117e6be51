import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, O_PATH, OpenFolder, using } from '../lib/open-folder.js';
import type { ProcessFile, ProcessText } from './pseudo-fs.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Reads a file below the root directory of a process. The folders are opened one by one from there, and no link is
 * followed: what the owner of the process puts in the way leads nowhere. A FIFO does not block; a file system in user
 * space of somebody else does not answer to root (kernel: fuse_allow_current_process), so it does not either.
 * @param root a tree that has the /proc; '' for this host
 * @throws the system's error; ELOOP or ENOTDIR for a link, EBADMSG for what is no regular file, EMLINK for one with
 * several names, EFBIG for one that is too long
 */
export function readProcessFile(root: string, file: ProcessFile): ProcessText {
  const { pid, path } = file;
  const names = path.split('/').filter((name) => name !== '');
  const last = names.pop();
  if (last === undefined || [...names, last].some((name) => name === '.' || name === '..' || name.includes('\0'))) {
    throw systemError('EINVAL', path);
  }
  // a magic link of procfs: the kernel goes to the directory itself, wherever that is
  let folder = OpenFolder.open(`${root}/proc/${pid}/root`);
  for (const name of names) folder = using(folder, (parent) => parent.enter(name));
  return using(folder, (parent) => parent.in(last, (real) => readRegular(real, file)));
}

function readRegular(real: string, file: ProcessFile): ProcessText {
  // not yet opened for reading: a container may make a device node, and a device may act when it is opened
  const found = openSync(real, O_PATH | O_NOFOLLOW);
  try {
    const { path, maxBytes, known } = file;
    const stat = fstatSync(found, { bigint: true });
    if (!stat.isFile()) throw systemError('EBADMSG', path);
    if (stat.nlink !== 1n) throw systemError('EMLINK', path);
    if (stat.size > maxBytes) throw systemError('EFBIG', path);
    const version = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
    if (version === known) return { version, bytes: undefined };
    return { version, bytes: readWhole(descriptorPath(found), file) };
  } finally {
    closeSync(found);
  }
}

/** It may grow while it is read. */
function readWhole(descriptor: string, { path, maxBytes }: ProcessFile): Uint8Array {
  const fd = openSync(descriptor, O_RDONLY | O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, length);
    }
    if (length > maxBytes) throw systemError('EFBIG', path);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
