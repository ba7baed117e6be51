/** Characters that look like a space, or like nothing, and are not XML's white space. */
const INVISIBLE = /(?! )[\p{Z}\p{Cf}]/u;

const NAMES: Readonly<Record<string, string>> = {
  '\u00a0': 'a no-break space',
  '\u00ad': 'a soft hyphen',
  '\u200b': 'a zero-width space',
  '\u200c': 'a zero-width non-joiner',
  '\u200d': 'a zero-width joiner',
  '\u2028': 'a line separator',
  '\u2060': 'a word joiner',
  '\u202f': 'a narrow no-break space',
  '\u3000': 'an ideographic space',
  '\ufeff': 'a zero-width no-break space',
};

/** The first such character of a text, in words: `a no-break space (U+00A0)`; undefined if it has no such character. */
export function invisibleIn(text: string): string | undefined {
  const [character] = INVISIBLE.exec(text) ?? [];
  if (character === undefined) return undefined;
  const name = NAMES[character] ?? (/\p{Z}/u.test(character) ? 'a special space' : 'an invisible character');
  return `${name} (${codePoint(character)})`;
}

/** Special spaces as ordinary ones, and nothing in place of what has no width. */
export function withoutInvisible(text: string): string {
  return text.replace(/[\p{Z}]/gu, ' ').replace(/\p{Cf}/gu, '');
}

/** `U+00A0` */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
