import { printable } from '../../lib/printable.js';

/** Terminal cells of a source line; with the margin it fits 80 columns. */
const MAX_WIDTH = 76;
/** Cells kept before the place if a line is too long. */
const CONTEXT_BEFORE = 30;
/** Characters before and after the place that are considered at all. */
const MAX_DISTANCE = 400;
/** A tab is shown as so many spaces: the terminal's tab stops are unknown. */
const TAB_WIDTH = 4;

/** Characters with no cell (combining marks) and with two cells (East Asian characters, emoji). */
const NARROW = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/** A character as shown, its UTF-16 index in the line, and its width in terminal cells. */
interface Cell {
  text: string;
  index: number;
  width: number;
}

/**
 * Cuts a source line for display. `space` and `marks` are the cells of white space and of `^` in the line below it.
 * `start` and `end` are UTF-16 indices in the line. A line that is too long loses its indentation first, then what is
 * far from the place.
 */
export function codeFrame(line: string, start: number, end: number): { shown: string; space: number; marks: number } {
  // a document can be a single line of megabytes
  const base = Math.max(0, start - MAX_DISTANCE);
  const cells = cellsOf(line.slice(base, start + MAX_DISTANCE), base);
  const [from, to] = windowOf(cells, start);
  const visible = cells.slice(from, to);
  const cutBefore = base > 0 || cells.slice(0, from).some(({ text }) => text !== ' ');
  const cutAfter = to < cells.length || line.length > start + MAX_DISTANCE;
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
    if (character === '\t') for (let i = 0; i < TAB_WIDTH; i++) cells.push({ text: ' ', index, width: 1 });
    else cells.push({ text, index, width: NARROW.test(text) ? 0 : WIDE.test(text) ? 2 : 1 });
    index += character.length;
  }
  return cells;
}

/** The range of cells to show: the first, and the one after the last. */
function windowOf(cells: readonly Cell[], start: number): [number, number] {
  if (widthOf(cells) <= MAX_WIDTH) return [0, cells.length];
  const indentation = cells.findIndex(({ text }) => text !== ' ');
  const place = cells.findIndex(({ index }) => index >= start);
  const end = place < 0 ? cells.length : place;
  let from = Math.max(0, Math.min(indentation, end));
  if (widthOf(cells.slice(from, end)) > MAX_WIDTH - CONTEXT_BEFORE && widthOf(cells.slice(from)) > MAX_WIDTH)
    from = Math.max(from, end - CONTEXT_BEFORE);
  let to = from;
  for (let width = 0; to < cells.length; to++) {
    width += (cells[to] as Cell).width;
    if (width > MAX_WIDTH) break;
  }
  return [from, to];
}

const widthOf = (cells: readonly Cell[]) => cells.reduce((sum, { width }) => sum + width, 0);
