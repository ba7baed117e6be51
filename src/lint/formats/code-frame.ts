import { printable } from '../../lib/printable.js';

/** Columns of a source line that are shown: with the margin, what fits a terminal of 80. */
const WIDTH = 76;
/** What stays in sight before the place, where a line is too long. */
const BEFORE = 30;
/** Characters around the place that are looked at. */
const FAR = 400;
/** A tab is shown as so many spaces: where tab stops are, only the terminal knows. */
const TAB = 4;

/** Terminal cells: none for marks that go onto the character before, two for East Asian and emoji characters. */
const NARROW = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/** A character as it is shown, where it stands in its line (UTF-16) and what it takes in cells. */
interface Cell {
  text: string;
  index: number;
  width: number;
}

/**
 * What is shown of a source line, and how the place is marked below it: so many cells of space, so many of `^`. `start` and
 * `end` are UTF-16 indices into the line. Of a line that is too long the indentation goes first, then what is far from the place.
 */
export function codeFrame(line: string, start: number, end: number): { shown: string; space: number; marks: number } {
  // a document may be one line of megabytes
  const base = Math.max(0, start - FAR);
  const cells = cellsOf(line.slice(base, start + FAR), base);
  const [from, to] = windowOf(cells, start);
  const visible = cells.slice(from, to);
  const cutBefore = base > 0 || cells.slice(0, from).some(({ text }) => text !== ' ');
  const cutAfter = to < cells.length || line.length > start + FAR;
  const text = visible.map((cell) => cell.text).join('');
  return {
    shown: `${cutBefore ? '…' : ''}${text}${cutAfter ? '…' : ''}`,
    space: widthOf(visible.filter(({ index }) => index < start)) + (cutBefore ? 1 : 0),
    marks: Math.max(1, widthOf(visible.filter(({ index }) => index >= start && index < end))),
  };
}

function cellsOf(line: string, base: number): Cell[] {
  const cells: Cell[] = [];
  let index = base;
  for (const character of line) {
    const text = printable(character);
    if (character === '\t') for (let i = 0; i < TAB; i++) cells.push({ text: ' ', index, width: 1 });
    else cells.push({ text, index, width: NARROW.test(text) ? 0 : WIDE.test(text) ? 2 : 1 });
    index += character.length;
  }
  return cells;
}

/** Of `cells`, the first shown and the one behind the last. */
function windowOf(cells: readonly Cell[], start: number): [number, number] {
  if (widthOf(cells) <= WIDTH) return [0, cells.length];
  const indentation = cells.findIndex(({ text }) => text !== ' ');
  const place = cells.findIndex(({ index }) => index >= start);
  const end = place < 0 ? cells.length : place;
  let from = Math.max(0, Math.min(indentation, end));
  if (widthOf(cells.slice(from, end)) > WIDTH - BEFORE && widthOf(cells.slice(from)) > WIDTH)
    from = Math.max(from, end - BEFORE);
  let to = from;
  for (let width = 0; to < cells.length; to++) {
    width += (cells[to] as Cell).width;
    if (width > WIDTH) break;
  }
  return [from, to];
}

const widthOf = (cells: readonly Cell[]) => cells.reduce((sum, { width }) => sum + width, 0);
