import type { XmlDocument } from './document.js';
import { parsePlain } from './parse-plain.js';
import { parseStrictly } from './parse-strictly.js';

/**
 * Parses strictly: XML 1.0 with namespaces, no DOCTYPE, only the five predefined entities. White space between elements
 * is not part of an element's content.
 * @throws InputError at the first place that is not well-formed or exceeds a limit
 */
export function parseXml(text: string): XmlDocument {
  return parsePlain(text) ?? parseStrictly(text);
}
