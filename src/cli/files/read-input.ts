import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { reason } from '../../lib/errno.js';
import { ToolError } from '../../lib/errors.js';
import { pause } from '../../lib/pause.js';
import { MAX_BYTES } from '../../xml/decode.js';

const POLL_INTERVAL_MS = 5;

/** The name of `-` in messages. */
export const STDIN_NAME = '<stdin>';

/** A file, or standard input, cannot be read. */
export class UnreadableError extends ToolError {
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path || "''"}: ${reason}`);
  }
}

/**
 * The content of a file, or of standard input for `-`. Of a larger one slightly more than the limit, which the caller
 * rejects.
 * @throws UnreadableError
 */
export function readInput(path: string, stdin: number, maxBytes = MAX_BYTES): Uint8Array {
  return path === '-' ? readStdin(stdin, maxBytes) : readFile(path, maxBytes);
}

function readFile(path: string, maxBytes: number): Uint8Array {
  try {
    // opening a FIFO without a writer must not block
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const content = readAll(fd, maxBytes);
      if (content.length === 0 && fstatSync(fd).isFIFO())
        throw new UnreadableError(path, 'nothing writes to this FIFO');
      return content;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(path, reason(error as NodeJS.ErrnoException) + encodingHint(path));
  }
}

/** Node replaces bytes of an argument that are not UTF-8 with U+FFFD, so the file is not found. */
const encodingHint = (path: string) => (path.includes('\ufffd') ? ' (is the name in UTF-8?)' : '');

function readStdin(fd: number, maxBytes: number): Uint8Array {
  try {
    return readAll(fd, maxBytes);
  } catch (error) {
    throw new UnreadableError(STDIN_NAME, reason(error as NodeJS.ErrnoException));
  }
}

/** Shared by all reads: a new buffer for each file keeps the garbage collector busy. */
let sharedBuffer: Buffer | undefined;

function readAll(fd: number, maxBytes: number): Uint8Array {
  sharedBuffer ??= Buffer.allocUnsafe(65536);
  const parts: Buffer[] = [];
  let size = 0;
  while (size <= maxBytes) {
    const read = readSome(fd, sharedBuffer);
    if (read === 0) break;
    parts.push(Buffer.from(sharedBuffer.subarray(0, read)));
    size += read;
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** Waits for data if the pipe is non-blocking and empty (EAGAIN). */
function readSome(fd: number, part: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, part);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      pause(POLL_INTERVAL_MS);
    }
  }
}
