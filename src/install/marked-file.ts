import { createHash } from 'node:crypto';

/** What a file on a host is to us. `changed`: we wrote it, and somebody else has changed it since. */
export type Ownership = 'ours' | 'changed' | 'foreign';

const MARK = /^# Written by hostdev-cpuset install; as it was then: sha256 ([0-9a-f]{64})$/;

/** The text with a line that says who wrote it, and what it was: behind the first line where that names an interpreter. */
export function marked(text: string): string {
  const mark = `# Written by hostdev-cpuset install; as it was then: sha256 ${digest(text)}\n`;
  if (!text.startsWith('#!')) return mark + text;
  const end = text.indexOf('\n') + 1;
  return text.slice(0, end) + mark + text.slice(end);
}

export function ownershipOf(text: string): Ownership {
  const lines = text.split('\n');
  const at = lines.slice(0, 2).findIndex((line) => MARK.test(line));
  if (at < 0) return 'foreign';
  const [mark] = lines.splice(at, 1);
  return MARK.exec(mark as string)?.[1] === digest(lines.join('\n')) ? 'ours' : 'changed';
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
