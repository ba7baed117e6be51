import { decode } from '../xml/decode.js';
import { parseXml } from '../xml/parse.js';
import { type Definition, readDefinition } from './definition.js';

/**
 * Reads a domain definition: UTF-8 bytes, or text. Offsets in what it returns are UTF-16 units into `definition.document.text`.
 * @throws InputError where it is not well-formed, beyond a limit (16 MiB, depth 256, a DOCTYPE), or no `<domain>`
 */
export function parseDomain(input: string | Uint8Array): Definition {
  const { text, problem } = decode(bytesOf(input));
  if (problem) throw problem;
  return readDefinition(parseXml(text));
}

/** A text is checked as its bytes are: for its size, NULs and emptiness. */
export function bytesOf(input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? new TextEncoder().encode(input) : input;
}
