/**
 * Control characters, line separators, halves of surrogate pairs, and characters that change the direction of text.
 * Without \p{...}, because Node loads its Unicode tables for these.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are replaced
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Replaces the characters that could control the terminal when text comes from a document or a file name. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** The same, but keeps line ends. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : '\ufffd'));
}

/** The same, limited to `maxLength` UTF-16 units. Longer text is cut and ends with an ellipsis. */
export function printableStart(text: string, maxLength: number): string {
  // do not convert text that is far too long
  const line = printable(text.slice(0, maxLength + 1));
  // do not keep half of a surrogate pair
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** JSON on several lines. Strings keep all their characters: unprintable ones are escaped. */
export function printableJson(value: object): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)))}\n`;
}

/** JSON on one line. */
export function printableJsonLine(value: object): string {
  return `${JSON.stringify(value).replace(UNPRINTABLE, escaped)}\n`;
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
