import fc from 'fast-check';

const PIECES = [
  'guest',
  ' ',
  '-',
  'größer',
  '客人',
  '仮想機械',
  '한국어',
  'हिन्दी',
  'العربية',
  '𠮷',
  '🎮',
  '👨‍👩‍👧',
  '👍🏽',
  '🇩🇪',
  '1\ufe0f\u20e3',
  '☺\ufe0f',
  'e\u0301',
  'a\u0300\u0301\u0302',
  '\u200d',
];

/** Characters that may control a terminal: C0, DEL, C1, bidirectional controls, separators, and a lone surrogate. */
export const CONTROLS = [
  ...codes(0, 0x1f),
  ...codes(0x7f, 0x9f),
  ...codes(0x202a, 0x202e),
  ...codes(0x2066, 0x2069),
  ...['\u061c', '\u200e', '\u200f', '\u2028', '\u2029', '\ufeff', '\ud800', '\udc00'],
];

/** Matches each of them. */
export const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Random names with wide and combining characters, emoji sequences and control characters. */
export function terminalText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
    fc.constantFrom(...CONTROLS),
    fc.string(),
  );
  return fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
}

function codes(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index));
}
