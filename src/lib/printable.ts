/** Control characters, line separators, and characters that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Replaces the characters with which text from a document or a file name could control a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** The same, but for line ends. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : '\ufffd'));
}

/** The same in at most `maxLength` UTF-16 units. Longer text is cut and ends with an ellipsis. */
export function printableStart(text: string, maxLength: number): string {
  // what is far too long is not read to its end
  const line = printable(text.slice(0, maxLength + 1));
  // half of a pair cannot stay
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A JSON document of several lines. Strings keep all their characters: unprintable ones are escaped. */
export function printableJson(value: object): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)))}\n`;
}

/** The same in one line. */
export function printableJsonLine(value: object): string {
  return `${JSON.stringify(value).replace(UNPRINTABLE, escaped)}\n`;
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
