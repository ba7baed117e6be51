import { readDefinition } from '../domain/definition.js';
import { type PlainDefinition, plainDefinition } from '../domain/plain-definition.js';
import { InputError } from '../lib/input-error.js';
import { decode } from '../xml/decode.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';

/** The XML from libvirt is not a domain; the message has the place. */
export class InvalidDomainXml extends Error {}

/** @throws InvalidDomainXml */
export function readDomainXml(bytes: Uint8Array): PlainDefinition {
  const { text, problem } = decode(bytes);
  try {
    if (problem) throw problem;
    return plainDefinition(readDefinition(parseXml(text)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    throw new InvalidDomainXml(`the domain's XML, ${line}:${column}: ${error.message}`);
  }
}

/** Whether a policy may apply: the domain has one, or has devices that the host's default may apply to. */
export function mayHavePolicy({ hasMetadata, devices }: PlainDefinition): boolean {
  return hasMetadata || devices.length > 0;
}
