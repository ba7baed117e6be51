import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pause } from '../lib/pause.js';
import { MAX_BYTES } from '../xml/decode.js';

/** The input, or why it could not be read completely. */
export type Input = { bytes: Uint8Array } | { problem: string };

const POLL_INTERVAL_MS = 1;

/**
 * Reads standard input completely, up to the size limit of decode() and for at most timeoutMs: libvirt waits for its
 * hooks without a time limit.
 * @param open opens the descriptor as a stream, which takes Node 5 ms; called only if it is neither a file nor a pipe
 */
export async function readStdin(fd: number, open: () => Readable, timeoutMs: number): Promise<Input> {
  try {
    const stat = fstatSync(fd);
    // reading a file never blocks, and only the original descriptor has the right position
    if (stat.isFile()) return readNow(fd, timeoutMs);
    const own = stat.isFIFO() ? openPipe(fd) : undefined;
    if (own !== undefined) {
      try {
        return readNow(own, timeoutMs);
      } finally {
        closeSync(own);
      }
    }
  } catch (error) {
    return { problem: `standard input: ${(error as Error).message}` };
  }
  return readStream(open(), timeoutMs);
}

/**
 * Opens the pipe again, non-blocking: setting O_NONBLOCK on the original descriptor would affect other processes that
 * share it.
 */
function openPipe(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // no /proc, or the pipe is another user's
  }
}

function readNow(fd: number, timeoutMs: number): Input {
  const deadline = performance.now() + timeoutMs;
  const parts: Uint8Array[] = [];
  for (let size = 0; size <= MAX_BYTES; ) {
    const part = Buffer.allocUnsafe(65536);
    const read = readSome(fd, part);
    if (read === 0) break;
    if (read !== undefined) {
      parts.push(part.subarray(0, read));
      size += read;
    } else if (performance.now() < deadline) pause(POLL_INTERVAL_MS);
    else return timedOut(timeoutMs);
  }
  return { bytes: Buffer.concat(parts) };
}

/** Undefined if there is nothing to read yet. */
function readSome(fd: number, part: Buffer): number | undefined {
  try {
    return readSync(fd, part);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function readStream(stream: Readable, timeoutMs: number): Promise<Input> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const finish = (input: Input) => {
      clearTimeout(timer);
      stream.destroy();
      resolve(input);
    };
    const timer = setTimeout(() => finish(timedOut(timeoutMs)), timeoutMs);
    stream.on('data', (part: Uint8Array) => {
      parts.push(part);
      size += part.length;
      if (size > MAX_BYTES) finish({ bytes: Buffer.concat(parts) });
    });
    stream.on('end', () => finish({ bytes: Buffer.concat(parts) }));
    stream.on('error', ({ message }) => finish({ problem: `standard input: ${message}` }));
  });
}

function timedOut(timeoutMs: number): Input {
  return { problem: `standard input did not end within ${timeoutMs / 1000} seconds` };
}
