import { printable } from '../../lib/printable.js';
import { charactersOf, textWidth } from '../../lib/text-width.js';

/** Maximum number of terminal cells of a source line; with the margins it fits in 80 columns. */
const MAX_WIDTH = 76;
/** Minimum, on a narrow terminal. */
const MIN_WIDTH = 16;
/** The margins of both lines, and the ellipses. */
const MARGINS = 4;
/** Cells that are kept before the place if a line is too long. */
const CONTEXT_BEFORE = 30;
/** Characters before and after the place that are processed at all. */
const MAX_DISTANCE = 400;
/** Width of a tab in spaces: the terminal's tab stops are unknown. */
const TAB_WIDTH = 4;

const ASCII = /^[\t\x20-\x7e]*$/;

/** A character as shown, its UTF-16 index in the line, and its width in terminal cells. */
interface Cell {
  text: string;
  index: number;
  width: number;
}

/**
 * Cuts a source line for display. `space` and `marks` are the cells of white space and of `^` in the line below it.
 * `start` and `end` are UTF-16 indices in the line. A line that is too long loses its indentation first, then the parts
 * far from the place.
 * @param columns of the terminal
 */
export function codeFrame(
  line: string,
  start: number,
  end: number,
  columns = MAX_WIDTH + MARGINS,
): { shown: string; space: number; marks: number } {
  const maxWidth = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, columns - MARGINS));
  // a document can be a single line of megabytes
  const base = Math.max(0, start - MAX_DISTANCE);
  const cells = cellsOf(line.slice(base, start + MAX_DISTANCE), base);
  const [from, to] = windowOf(cells, start, maxWidth);
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
  const add = (character: string, index: number) => {
    if (character === '\t') for (let i = 0; i < TAB_WIDTH; i++) cells.push({ text: ' ', index, width: 1 });
    else {
      const text = printable(character);
      cells.push({ text, index, width: textWidth(text) });
    }
  };
  // most lines are ASCII; the segmenter for other characters takes long to load
  if (ASCII.test(line)) for (let i = 0; i < line.length; i++) add(line[i] as string, base + i);
  else for (const { character, index } of charactersOf(line)) add(character, base + index);
  return cells;
}

/** The range of cells to show: the first, and the one after the last. */
function windowOf(cells: readonly Cell[], start: number, maxWidth: number): [number, number] {
  if (widthOf(cells) <= maxWidth) return [0, cells.length];
  const indentation = cells.findIndex(({ text }) => text !== ' ');
  const place = cells.findIndex(({ index }) => index >= start);
  const end = place < 0 ? cells.length : place;
  let from = Math.max(0, Math.min(indentation, end));
  const contextWidth = Math.min(CONTEXT_BEFORE, Math.floor(maxWidth / 2));
  if (widthOf(cells.slice(from, end)) > maxWidth - contextWidth && widthOf(cells.slice(from)) > maxWidth) {
    const first = from;
    from = end;
    for (let width = 0; from > first; from--) {
      width += (cells[from - 1] as Cell).width;
      if (width > contextWidth) break;
    }
  }
  let to = from;
  for (let width = 0; to < cells.length; to++) {
    width += (cells[to] as Cell).width;
    if (width > maxWidth) break;
  }
  return [from, to];
}

const widthOf = (cells: readonly Cell[]) => cells.reduce((sum, { width }) => sum + width, 0);
