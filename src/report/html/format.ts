/** Number of colours for domains in the style sheet. */
const HUES = 6;

/** The class of the style sheet for a domain's colour. @param domain its index */
export const hueClass = (domain: number): string => `hue${domain % HUES}`;

/** A domain's letters, as not every reader can tell domains apart by colour: A to Z, then AA and so on. */
export function lettersOf(domain: number): string {
  const letter = String.fromCharCode(65 + (domain % 26));
  return domain < 26 ? letter : lettersOf(Math.floor(domain / 26) - 1) + letter;
}

/** `912,443`; a dash for what is unknown. */
export const formatCount = (value: number | null): string => value?.toLocaleString('en') ?? '–';

export const plural = (count: number, one: string): string => `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;

/** `2026-01-31 12:00:00Z`. */
export const formatTime = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
