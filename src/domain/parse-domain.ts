import { decode } from '../xml/decode.js';
import { parseXml } from '../xml/parse.js';
import { type Definition, readDefinition } from './definition.js';

/**
 * Parses a domain definition: UTF-8 bytes, or text. Offsets in the result are UTF-16 units in
 * `definition.document.text`.
 * @throws InputError if it is not well-formed, not a `<domain>`, larger than 16 MiB, deeper than 256, or has a DOCTYPE
 */
export function parseDomain(input: string | Uint8Array): Definition {
  const { text, problem } = decode(bytesOf(input));
  if (problem) throw problem;
  return readDefinition(parseXml(text));
}

/** Text is encoded so that it gets the same checks as bytes: size, NULs, emptiness. */
export function bytesOf(input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? new TextEncoder().encode(input) : input;
}
