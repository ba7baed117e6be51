import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { MAX_BYTES } from '../../xml/decode.js';

/** What `-` is called in messages. */
export const STDIN_NAME = '<stdin>';

/** A file, or standard input, that cannot be read. */
export class UnreadableError extends ToolError {
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path || "''"}: ${reason}`);
  }
}

/** What is at a path, `-` being standard input. @throws UnreadableError */
export function readInput(path: string, stdin: number): Uint8Array {
  return path === '-' ? readStdin(stdin) : readFile(path);
}

/** Reads a file, but not much more than the limit: decode() says that it is too large. */
function readFile(path: string): Uint8Array {
  try {
    // A FIFO without a writer must not hang the opening.
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      return readAll(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new UnreadableError(path, reason(error as NodeJS.ErrnoException) + ofName(path));
  }
}

/** Node reads what is not UTF-8 in a name as U+FFFD, by which nothing is found. */
const ofName = (path: string) => (path.includes('\ufffd') ? ' (is the name in UTF-8?)' : '');

function readStdin(fd: number): Uint8Array {
  try {
    return readAll(fd);
  } catch (error) {
    throw new UnreadableError(STDIN_NAME, reason(error as NodeJS.ErrnoException));
  }
}

/** Read into again and again: 64 KiB a file would have the collector at work all the time. */
let scratch: Buffer | undefined;

function readAll(fd: number): Uint8Array {
  scratch ??= Buffer.allocUnsafe(65536);
  const parts: Buffer[] = [];
  let size = 0;
  while (size <= MAX_BYTES) {
    const read = readSome(fd, scratch);
    if (read === 0) break;
    parts.push(Buffer.from(scratch.subarray(0, read)));
    size += read;
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** A pipe that somebody set to non-blocking answers EAGAIN while it has nothing. */
function readSome(fd: number, part: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, part);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      pause(5);
    }
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'is a folder, not a file',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'nothing is at the other end',
  ENOSPC: 'no space left',
  EROFS: 'the file system is read-only',
};

export function reason(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ''] ?? error.message.split('\n', 1)[0] ?? 'unknown error';
}
