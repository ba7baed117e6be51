import wrapAnsi from 'wrap-ansi';
import { charactersOf, headOf, textWidth } from './text-width.js';

/**
 * Breaks text into lines of at most `width` columns, at spaces, or within a word that is wider than a line. Styles
 * (escape sequences) are kept.
 * @param indent spaces before the first line; the other lines have `hangingIndent`, which is at least as large
 */
export function wrap(text: string, width: number, indent = 0, hangingIndent = indent): string[] {
  const margin = ' '.repeat(indent);
  if (indent + textWidth(text) <= width) return [margin + text];
  const room = Math.max(1, width - hangingIndent);
  // wrap-ansi may split a character of several code points in a long word; this matters only without escape sequences
  const isBroken = (word: string) => textWidth(word) > room && !word.includes('\u001b');
  const words = text.split(' ').flatMap((word) => (isBroken(word) ? partsOf(word, room) : [word]));
  const lines = wrapAnsi(words.join(' '), room, { hard: true }).split('\n');
  return lines.map((line, index) => (index === 0 ? margin : ' '.repeat(hangingIndent)) + line);
}

/** Parts of a word, each at most `width` columns wide, unless a single character is wider. */
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
