import { ExpectedError } from '../lib/errors.js';

/**
 * A system error by its name (ENOENT, EPERM, EINVAL, ENOSPC ...); EBADMSG: the file does not contain what the kernel
 * writes.
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
 * A file that controls what root does, but that other users could have written. The message is one line with the
 * reason.
 */
export class UntrustedFile extends FileError {
  constructor(path: string, reason: string) {
    super('EPERM', path);
    this.message = `${path}: ${reason}`;
  }
}

/**
 * The host's pseudo-files, by absolute path: the real ones, those below a `--root`, or those of a simulated kernel.
 * An absent file gives undefined, because that is normal there; any other failure throws FileError.
 */
export interface PseudoFs {
  /** what messages put before each path: the `--root` as it was given, without a slash at its end; '' for this host */
  readonly root: string;
  /** the whole text; FileError EFBIG beyond 64 MiB */
  read(path: string): string | undefined;
  /**
   * Reads a file that controls what root does. Throws UntrustedFile if it is not a regular file, if it belongs neither
   * to root nor, below a root, to this user, or if its group or others may write to it. Links are followed: the opened
   * file is checked.
   */
  readTrusted(path: string): string | undefined;
  /** names in a folder, in no order */
  list(path: string): string[] | undefined;
  /**
   * the number of folders in a folder, from its link count: much cheaper than list(). Undefined if the file system does
   * not count them
   */
  countFolders(path: string): number | undefined;
  /** last part of a symbolic link's target */
  link(path: string): string | undefined;
  /** the whole target of a symbolic link, which need not be a path */
  linkTarget(path: string): string | undefined;
  /** for repeated reads: opened at the first one */
  open(path: string): OpenFile;
  /** for a check and a write of the same file: opened at once. Never throws */
  openToWrite(path: string): WritableFile;
}

/** A file that is kept open if that is safe and a descriptor is available: reading it is then one system call. */
export interface OpenFile {
  /**
   * The text as it is now. Undefined if the file is absent, and once if another file has replaced the one that was read
   * last, such as an interrupt that came back under the same number. Throws FileError as PseudoFs.read does.
   */
  read(): string | undefined;
  /**
   * whether a descriptor is kept: then what read() gives is of the file that was read last, and no other with its name
   */
  readonly isKept: boolean;
  close(): void;
}

export interface WritableFile extends OpenFile {
  /**
   * One write(2). If a descriptor is kept, it goes to the file that was opened or read last, never to one that has
   * replaced it. Throws FileError ENOENT if that file has gone.
   */
  write(text: string): void;
}
