import { ExpectedError } from '../lib/errors.js';

/**
 * A system error by its name (ENOENT, EPERM, EINVAL, ENOSPC ...); EBADMSG: the file does not have the kernel's format.
 */
export class FileError extends ExpectedError {
  override readonly name = 'FileError';
  constructor(
    readonly code: string,
    readonly path: string,
  ) {
    super(`${path}: ${code}`);
  }
}

/**
 * A file that root's actions depend on, but that other users may have written. The message is one line with the reason.
 */
export class UntrustedFile extends FileError {
  constructor(path: string, reason: string) {
    super('EPERM', path);
    this.message = `${path}: ${reason}`;
  }
}

/**
 * The host's pseudo-files, by absolute path: the real files, those below a `--root`, or those of a simulated kernel. An
 * absent file gives undefined, because that is normal there; any other failure throws FileError.
 */
export interface PseudoFs {
  /** prefix of paths in messages: the `--root` as given, without a final slash; '' for this host */
  readonly root: string;
  /** the whole text; FileError EFBIG beyond 64 MiB */
  read(path: string): string | undefined;
  /**
   * Reads a file that root's actions depend on. Throws UntrustedFile if it is not a regular file or a link to nothing,
   * if it belongs neither to root nor, below a root, to this user, or if its group or others may write to it. Links are
   * followed: the opened file is checked.
   */
  readTrusted(path: string): string | undefined;
  /** names in a directory, in no order */
  list(path: string): string[] | undefined;
  /**
   * the number of subdirectories, from the link count: much cheaper than list(). Undefined if the file system does not
   * count them
   */
  countFolders(path: string): number | undefined;
  /**
   * the number of files that a process has open: much cheaper than to list them. Undefined if the kernel does not tell
   * (before 6.2)
   */
  countDescriptors(pid: number): number | undefined;
  /** last component of a symbolic link's target */
  link(path: string): string | undefined;
  /** the whole target of a symbolic link, which need not be a path */
  linkTarget(path: string): string | undefined;
  /**
   * The numbers of the character devices that a process has open, as in sysfs (`511:0`), of these descriptors.
   * Undefined in a tree that is no kernel's, where an open file is only named.
   */
  openDeviceNumbers(pid: number, descriptors: readonly string[]): ReadonlyMap<string, string> | undefined;
  /**
   * Acts on a directory that a process sees, and that its owner may have prepared. It is reached without links, on
   * local file systems only; EREMOTE for others.
   * @param path absolute, as the process sees it; without `.` and `..`
   * @returns what the action returns; undefined if there is no such directory
   */
  inProcess<T>(pid: number, path: string, action: (folder: ProcessFolder) => T): T | undefined;
  /** for repeated reads: opened at the first read */
  open(path: string): OpenFile;
  /** for a check and a write of the same file: opened at once. Never throws */
  openToWrite(path: string): WritableFile;
}

/** A directory of PseudoFs.inProcess(). */
export interface ProcessFolder {
  /** The names in it, in no order; FileError E2BIG if there are more. */
  names(most: number): string[];
  /**
   * Reads a regular file of one name in it, without following a link. Undefined if it is absent.
   * @param known `version` of an earlier read: an unchanged file is not read again
   */
  read(name: string, maxBytes: number, known?: string): ProcessText | undefined;
}

export interface ProcessText {
  /** changes whenever the file does */
  version: string;
  /** undefined: unchanged */
  bytes: Uint8Array | undefined;
}

/** A file that is kept open if that is safe and a descriptor is available: reading it is then one system call. */
export interface OpenFile {
  /**
   * The present text. Undefined if the file is absent, and once if another file has replaced the one that was read
   * last, such as an interrupt that came back under the same number. Throws FileError as PseudoFs.read does.
   */
  read(): string | undefined;
  /**
   * true: a descriptor is kept open, so read() only returns text of the file that was read last, never of another with
   * its name
   */
  readonly isKept: boolean;
  close(): void;
}

export interface WritableFile extends OpenFile {
  /**
   * One write(2). If a descriptor is kept open, it writes the file that was opened or read last, never another with its
   * name. Throws FileError ENOENT if that file has gone.
   */
  write(text: string): void;
}
