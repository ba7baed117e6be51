/** Colours that domains take in turn. */
const HUES = 6;

/** A domain's colour, as a class of the style sheet. */
export const hue = (domain: number): string => `hue${domain % HUES}`;

/** A domain's letters, for who sees no colours: A to Z, then AA and so on. */
export function signOf(domain: number): string {
  const letter = String.fromCharCode(65 + (domain % 26));
  return domain < 26 ? letter : signOf(Math.floor(domain / 26) - 1) + letter;
}

/** `912,443`. */
export const number = (value: number): string => value.toLocaleString('en');

export const plural = (count: number, one: string): string => `${number(count)} ${one}${count === 1 ? '' : 's'}`;
