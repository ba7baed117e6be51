import type { Readable } from 'node:stream';
import { MAX_BYTES } from '../xml/decode.js';

/** What came in, or why that is not all. */
export type Input = { bytes: Uint8Array } | { problem: string };

/**
 * Reads a stream to its end, but hardly more than the limit that decode() knows, and no longer than so many milliseconds:
 * libvirt waits for its hooks without any limit of its own.
 */
export function readBounded(stream: Readable, milliseconds: number): Promise<Input> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const finish = (input: Input) => {
      clearTimeout(timer);
      stream.destroy();
      resolve(input);
    };
    const timer = setTimeout(() => {
      finish({ problem: `standard input did not end within ${milliseconds / 1000} seconds` });
    }, milliseconds);
    stream.on('data', (part: Uint8Array) => {
      parts.push(part);
      size += part.length;
      if (size > MAX_BYTES) finish({ bytes: Buffer.concat(parts) });
    });
    stream.on('end', () => finish({ bytes: Buffer.concat(parts) }));
    stream.on('error', ({ message }) => finish({ problem: `standard input: ${message}` }));
  });
}
