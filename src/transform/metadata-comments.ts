import { formatIdentity } from '../domain/identity.js';
import type { PolicyMetadata } from '../domain/metadata.js';
import type { XmlDocument } from '../xml/document.js';

const COMMENT_OR_INSTRUCTION = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;

/** The comments of an entry: on the lines before it, and after it on its own line. */
export interface Comments {
  before: string[];
  after: string[];
}

/**
 * The comments in our element, by the identity of the entry that they belong to; '' for those after the last entry.
 * They are kept when the element is rewritten, and dropped with their entry.
 */
export function commentsOf(document: XmlDocument, { node, entries }: PolicyMetadata): Map<string, Comments> {
  const comments = new Map<string, Comments>();
  const of = (key: string) => {
    const found = comments.get(key) ?? { before: [], after: [] };
    comments.set(key, found);
    return found;
  };
  let from = node.openEnd;
  let last: string | undefined;
  const take = (to: number, key: string) => {
    const { first, rest } = split(document.text.slice(from, to), key === '');
    if (last === undefined) of(key).before.push(...first, ...rest);
    else {
      of(last).after.push(...first);
      of(key).before.push(...rest);
    }
  };
  for (const entry of entries) {
    const { start, openEnd, closeStart, end } = entry.node;
    const key = formatIdentity(entry.identity);
    take(start, key);
    of(key).before.push(...(document.text.slice(openEnd, closeStart).match(COMMENT_OR_INSTRUCTION) ?? []));
    from = end;
    last = key;
  }
  take(node.closeStart, '');
  return comments;
}

/** Splits comments: those on the first line of the text, unless an entry follows on that line, and the rest. */
function split(text: string, isLast: boolean): { first: string[]; rest: string[] } {
  const found = [...text.matchAll(COMMENT_OR_INSTRUCTION)];
  let end = 0;
  let count = 0;
  for (const { 0: comment, index } of found) {
    if (/[\r\n]/.test(text.slice(end, index))) break;
    end = index + comment.length;
    count++;
  }
  const entryFollows = count === found.length && !isLast && !/[\r\n]/.test(text.slice(end));
  const all = found.map(([comment]) => comment);
  return entryFollows ? { first: [], rest: all } : { first: all.slice(0, count), rest: all.slice(count) };
}
