import { formatIdentity } from '../domain/identity.js';
import type { PolicyMetadata } from '../domain/metadata.js';
import type { XmlDocument } from '../xml/document.js';

const COMMENT_OR_INSTRUCTION = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;

/**
 * The comments of our element, by the identity of the entry that each stands before; '' for those behind the last.
 * What a person wrote about an entry outlives the rewriting of the element, and goes with the entry.
 */
export function commentsOf(document: XmlDocument, { node, entries }: PolicyMetadata): Map<string, string[]> {
  const comments = new Map<string, string[]>();
  const { openEnd, closeStart } = document.rangeOf(node);
  let from = openEnd;
  const take = (to: number, key: string) => {
    const found = document.text.slice(from, to).match(COMMENT_OR_INSTRUCTION);
    if (found) comments.set(key, [...(comments.get(key) ?? []), ...found]);
  };
  for (const entry of entries) {
    const range = document.rangeOf(entry.node);
    take(range.start, formatIdentity(entry.identity));
    from = range.end;
  }
  take(closeStart, '');
  return comments;
}
