import { type Definition, readDefinition } from '../domain/definition.js';
import { InputError } from '../lib/input-error.js';
import { decode } from '../xml/decode.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';

/** What libvirt gave is no domain, in words, with its place. */
export class InvalidDomainXml extends Error {}

/** @throws UnusableXml */
export function readDomainXml(bytes: Uint8Array): Definition {
  const { text, problem } = decode(bytes);
  try {
    if (problem) throw problem;
    return readDefinition(parseXml(text));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    throw new InvalidDomainXml(`the domain's XML, ${line}:${column}: ${error.message}`);
  }
}

/** Whether a policy may concern it: one of its own, or hostdevs that a default of the host's applies to. */
export function isConcerned({ metadata, devices }: Definition): boolean {
  return metadata.length > 0 || devices.some(({ source }) => source);
}
