import { closeSync, constants, fstatSync, opendirSync, openSync, readSync } from 'node:fs';
import { systemError } from '../lib/errno.js';
import { descriptorPath, O_PATH, OpenFolder, using } from '../lib/open-folder.js';
import { type Mounts, ownDescriptorInfo } from './mounts.js';
import type { ProcessText } from './pseudo-fs.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * A directory below the root directory of a process. The directories on the way are opened one by one, and no link is
 * followed, since the owner of the process may have put it there. File systems that are served by another host or by a
 * program, such as NFS and FUSE, are not read: they may block forever.
 */
export class ProcessDirectory {
  /** @param mounts of the process; undefined in a tree that is no kernel's */
  private constructor(
    private readonly folder: OpenFolder,
    private readonly check: (fd: number | undefined) => void,
  ) {}

  /**
   * Acts on a directory, and closes it.
   * @param root a tree that has the /proc; '' for this host
   * @throws the system's error; ELOOP or ENOTDIR for a link, EREMOTE for what is not on a local file system
   */
  static use<T>(
    root: string,
    pid: number,
    path: string,
    mounts: Mounts | undefined,
    action: (opened: ProcessDirectory) => T,
  ): T {
    const names = path.split('/').filter((name) => name !== '');
    if (!names.every(isPathComponent)) throw systemError('EINVAL', path);
    const check = checkOf(mounts, path);
    // a magic link of procfs: the kernel goes to the directory itself, wherever that is
    let folder = OpenFolder.open(`${root}/proc/${pid}/root`);
    for (const name of names) {
      folder = using(folder, (parent) => {
        check(parent.descriptor);
        return parent.enter(name);
      });
    }
    return using(folder, () => {
      check(folder.descriptor);
      return action(new ProcessDirectory(folder, check));
    });
  }

  /** @throws the system's error; E2BIG if there are more */
  names(most: number): string[] {
    const opened = opendirSync(this.folder.at('.'));
    try {
      const names: string[] = [];
      for (let entry = opened.readSync(); entry; entry = opened.readSync()) {
        if (names.length === most) throw systemError('E2BIG', this.folder.path);
        names.push(entry.name);
      }
      return names;
    } finally {
      opened.closeSync();
    }
  }

  /**
   * A FIFO does not block.
   * @throws the system's error; EBADMSG for what is no regular file, EMLINK for one with several names, EFBIG for one
   * that is too long
   */
  read(name: string, maxBytes: number, known?: string): ProcessText {
    if (!isPathComponent(name)) throw systemError('EINVAL', name);
    return this.folder.in(name, (real) => readRegular(real, { path: name, maxBytes, known }, this.check));
  }
}

const isPathComponent = (name: string) => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);

interface RegularFile {
  path: string;
  maxBytes: number;
  known: string | undefined;
}

/** File systems that the kernel serves by itself. */
const LOCAL = /^(?:ext[234]|xfs|btrfs|bcachefs|f2fs|jfs|zfs|tmpfs|ramfs|rootfs|devtmpfs|squashfs|erofs|iso9660|vfat)$/;
/** File systems made of others, which cannot be seen. Any user can mount them in a user namespace. */
const STACKED = /^(?:overlay|aufs)$/;

/** Throws EREMOTE for an open file that is not on a local file system. */
function checkOf(mounts: Mounts | undefined, path: string): (fd: number | undefined) => void {
  let known: string | undefined;
  return (fd) => {
    if (!mounts || fd === undefined) return;
    const info = ownDescriptorInfo(fd);
    if (info.mount === known) return;
    const type = mounts.typeOf(info) ?? '';
    if (!LOCAL.test(type) && !(STACKED.test(type) && mounts.areByRoot())) throw systemError('EREMOTE', path);
    known = info.mount;
  };
}

function readRegular(real: string, file: RegularFile, check: (fd: number) => void): ProcessText {
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
function readWhole(descriptor: string, { path, maxBytes }: RegularFile): Uint8Array {
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
