import { type Paint, plain } from '../lint/formats/text.js';
import type { Io } from './io.js';

const CODES = { red: 31, yellow: 33, cyan: 36, bold: 1, dim: 2 };

/** Colours only on a terminal, and not with NO_COLOR (no-color.org). */
export function colorsFor(out: { isTTY: boolean }, env: Io['env']): Paint {
  if (!out.isTTY || env.NO_COLOR || env.TERM === 'dumb') return plain;
  return (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`;
}
