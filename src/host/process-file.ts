import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, O_PATH, OpenFolder, using } from '../lib/open-folder.js';
import { type Mounts, ownDescriptorInfo } from './mounts.js';
import type { ProcessFile, ProcessText } from './pseudo-fs.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Reads a file below the root directory of a process. The folders are opened one by one from there, and no link is
 * followed: what the owner of the process puts in the way leads nowhere. A FIFO does not block. Nothing is asked of a
 * file system whose answer may take forever, because a server or a program of somebody gives it.
 * @param root a tree that has the /proc; '' for this host
 * @param mounts of the process; undefined in a tree that is no kernel's
 * @throws the system's error; ELOOP or ENOTDIR for a link, EBADMSG for what is no regular file, EMLINK for one with
 * several names, EFBIG for one that is too long, EREMOTE for one that is not on a file system of this host
 */
export function readProcessFile(root: string, file: ProcessFile, mounts?: Mounts): ProcessText {
  const { pid, path } = file;
  const names = path.split('/').filter((name) => name !== '');
  const last = names.pop();
  if (last === undefined || [...names, last].some((name) => name === '.' || name === '..' || name.includes('\0'))) {
    throw systemError('EINVAL', path);
  }
  // a magic link of procfs: the kernel goes to the directory itself, wherever that is
  let folder = OpenFolder.open(`${root}/proc/${pid}/root`);
  const check = checkOf(mounts, path);
  for (const name of names) {
    folder = using(folder, (parent) => {
      check(parent.descriptor);
      return parent.enter(name);
    });
  }
  return using(folder, (parent) => {
    check(parent.descriptor);
    return parent.in(last, (real) => readRegular(real, file, check));
  });
}

/** Those that answer by themselves. What they are made of, as an overlay is of others, cannot be seen. */
const LOCAL =
  /^(?:ext[234]|xfs|btrfs|bcachefs|f2fs|jfs|zfs|overlay|aufs|tmpfs|ramfs|rootfs|devtmpfs|squashfs|erofs|iso9660|vfat)$/;

/** Throws EREMOTE for an open file that is not on a file system of this host. */
function checkOf(mounts: Mounts | undefined, path: string): (fd: number | undefined) => void {
  let known: string | undefined;
  return (fd) => {
    if (!mounts || fd === undefined) return;
    const info = ownDescriptorInfo(fd);
    if (info.mount === known) return;
    if (!LOCAL.test(mounts.typeOf(info) ?? '')) throw systemError('EREMOTE', path);
    known = info.mount;
  };
}

function readRegular(real: string, file: ProcessFile, check: (fd: number) => void): ProcessText {
  // not yet opened for reading: a container may make a device node, and a device may act when it is opened
  const found = openSync(real, O_PATH | O_NOFOLLOW);
  try {
    const { path, maxBytes, known } = file;
    check(found);
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
