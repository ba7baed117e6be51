import wrapAnsi from 'wrap-ansi';
import { charactersOf, headOf, textWidth } from './text-width.js';

/**
 * Lines of at most `width` columns, broken at spaces, and within a word that is wider than a line. It may have escape
 * sequences for styles.
 * @param indent spaces before the first line; before all others there are `hangingIndent`, which are at least as many
 */
export function wrap(text: string, width: number, indent = 0, hangingIndent = indent): string[] {
  const margin = ' '.repeat(indent);
  if (indent + textWidth(text) <= width) return [margin + text];
  const room = Math.max(1, width - hangingIndent);
  // wrap-ansi breaks a long word between the code points of one character, which only matters for words without escape
  // sequences
  const isBroken = (word: string) => textWidth(word) > room && !word.includes('\u001b');
  const words = text.split(' ').flatMap((word) => (isBroken(word) ? partsOf(word, room) : [word]));
  const lines = wrapAnsi(words.join(' '), room, { hard: true }).split('\n');
  return lines.map((line, index) => (index === 0 ? margin : ' '.repeat(hangingIndent)) + line);
}

/** One after the other, each of at most `width` columns, unless a single character has more. */
function partsOf(word: string, width: number): string[] {
  const parts: string[] = [];
  for (let rest = word; rest !== ''; ) {
    const [first = { character: rest }] = charactersOf(rest);
    const part = headOf(rest, width) || first.character;
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}
