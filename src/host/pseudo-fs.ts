import { ExpectedError } from '../lib/errors.js';

/** A kernel error by its name (ENOENT, EPERM, EINVAL, ENOSPC ...); EBADMSG for a text that no kernel writes. */
export class FileError extends ExpectedError {
  override readonly name = 'FileError';
  constructor(
    readonly code: string,
    readonly path: string,
  ) {
    super(`${path}: ${code}`);
  }
}

/** A file that says what root is to do, but that others could have written: who may change it, in a line. */
export class UntrustedFile extends FileError {
  constructor(path: string, reason: string) {
    super('EPERM', path);
    this.message = `${path}: ${reason}`;
  }
}

/**
 * The host's pseudo-files, by absolute path: the real ones, those below a `--root`, or a simulated kernel's.
 * What is absent is undefined, for absence is normal there; everything else that goes wrong is a FileError.
 */
export interface PseudoFs {
  /** the whole text; FileError EFBIG beyond 64 MiB */
  read(path: string): string | undefined;
  /**
   * As read, of a file that says what root is to do: UntrustedFile where it is no regular file, where its owner is neither root nor,
   * below a root, this user, or where its group or others may write to it. What was opened is judged, so links are followed.
   */
  readTrusted(path: string): string | undefined;
  /** names in a folder, in no order */
  list(path: string): string[] | undefined;
  /** how many folders are in a folder, as its links say: far less than a list costs. Undefined where they do not say */
  folders(path: string): number | undefined;
  /** last part of a symbolic link's target */
  link(path: string): string | undefined;
  /** for what is read again and again: opened when it is read first */
  open(path: string): OpenFile;
  /** for what is written: opened at once, so that what is asked of it afterwards is asked of what will be written. Never throws */
  openToWrite(path: string): WritableFile;
}

/** A file that is kept open where that is safe and there is room: reading it is one system call then. */
export interface OpenFile {
  /**
   * The text as it is now; undefined where there is none, and once where another file has taken the place of the one read last:
   * an interrupt that came back under its number. FileError as for Files.read.
   */
  read(): string | undefined;
  close(): void;
}

export interface WritableFile extends OpenFile {
  /**
   * One write(2), as the kernel wants it; where a descriptor is kept, to what was opened or read last, and never to another that has
   * taken its place since. FileError ENOENT where that is gone.
   */
  write(text: string): void;
}
