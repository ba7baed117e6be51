import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pause } from '../lib/pause.js';
import { MAX_BYTES } from '../xml/decode.js';

/** What came in, or why that is not all. */
export type Input = { bytes: Uint8Array } | { problem: string };

/** How often an empty pipe is looked at, in milliseconds. */
const PAUSE = 1;

/**
 * Reads to the end, but hardly more than the limit that decode() knows, and no longer than so many milliseconds: libvirt waits
 * for its hooks without any limit of its own.
 *
 * @param open the descriptor as a stream, which takes Node 5 ms to set up: asked for only where neither file nor pipe is read
 */
export async function readStdin(fd: number, open: () => Readable, milliseconds: number): Promise<Input> {
  try {
    const stat = fstatSync(fd);
    // a file never keeps anybody waiting, and where it is read from on only its own descriptor knows
    if (stat.isFile()) return readNow(fd, milliseconds);
    const own = stat.isFIFO() ? openPipe(fd) : undefined;
    if (own !== undefined) {
      try {
        return readNow(own, milliseconds);
      } finally {
        closeSync(own);
      }
    }
  } catch (error) {
    return { problem: `standard input: ${(error as Error).message}` };
  }
  return readStream(open(), milliseconds);
}

/** The pipe once more, not to be waited for: to make the first descriptor so would make it so for who else has it. */
function openPipe(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // no /proc, or the pipe is another user's
  }
}

function readNow(fd: number, milliseconds: number): Input {
  const deadline = Date.now() + milliseconds;
  const parts: Uint8Array[] = [];
  for (let size = 0; size <= MAX_BYTES; ) {
    const part = Buffer.allocUnsafe(65536);
    const read = readSome(fd, part);
    if (read === 0) break;
    if (read !== undefined) {
      parts.push(part.subarray(0, read));
      size += read;
    } else if (Date.now() < deadline) pause(PAUSE);
    else return tooLate(milliseconds);
  }
  return { bytes: Buffer.concat(parts) };
}

/** Undefined where there is nothing yet. */
function readSome(fd: number, part: Buffer): number | undefined {
  try {
    return readSync(fd, part);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function readStream(stream: Readable, milliseconds: number): Promise<Input> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const finish = (input: Input) => {
      clearTimeout(timer);
      stream.destroy();
      resolve(input);
    };
    const timer = setTimeout(() => finish(tooLate(milliseconds)), milliseconds);
    stream.on('data', (part: Uint8Array) => {
      parts.push(part);
      size += part.length;
      if (size > MAX_BYTES) finish({ bytes: Buffer.concat(parts) });
    });
    stream.on('end', () => finish({ bytes: Buffer.concat(parts) }));
    stream.on('error', ({ message }) => finish({ problem: `standard input: ${message}` }));
  });
}

function tooLate(milliseconds: number): Input {
  return { problem: `standard input did not end within ${milliseconds / 1000} seconds` };
}
