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
  '\ufeff': 'a byte order mark',
};

/**
 * A description of the first character of a text that looks like a space, or is invisible, and is not XML's white
 * space: `a no-break space (U+00A0)`; undefined without one.
 */
export function invisibleIn(text: string): string | undefined {
  const [character] = /(?! )[\p{Z}\p{Cf}]/u.exec(text) ?? [];
  if (character === undefined) return undefined;
  const name = NAMES[character] ?? (/\p{Z}/u.test(character) ? 'a special space' : 'an invisible character');
  return `${name} (${codePoint(character)})`;
}

/** Replaces special spaces with ordinary ones and removes characters without a width. */
export function withoutInvisible(text: string): string {
  return text.replace(/[\p{Z}]/gu, ' ').replace(/\p{Cf}/gu, '');
}

/** `U+00A0` */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
