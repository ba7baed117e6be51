import { truncate } from '../lib/text-width.js';

/** A narrower terminal gets text for this many columns, and breaks the lines itself. */
export const MIN_WIDTH = 20;

/**
 * A CPU list in at most `width` characters: the middle of a longer list is left out. `0-1,4-5,8-9,12-13` in 12 is
 * `0-1,…,12-13`.
 */
export function elide(list: string, width: number): string {
  if (list.length <= width) return list;
  const items = list.split(',');
  const last = items.pop() as string;
  const first = items.shift() ?? '';
  let head = first;
  if (`${first},…,${last}`.length > width) return truncate(list, width);
  for (const item of items) {
    if (`${head},${item},…,${last}`.length > width) break;
    head += `,${item}`;
  }
  return `${head},…,${last}`;
}

/** Widths whose sum is at most `room`: the widest columns are narrowed first, and none below 0. */
export function shrink(widths: readonly number[], room: number): number[] {
  const fitted = [...widths];
  const sum = fitted.reduce((total, width) => total + width, 0);
  for (let excess = sum - Math.max(0, room); excess > 0; excess--) {
    const widest = fitted.indexOf(Math.max(...fitted));
    fitted[widest] = (fitted[widest] as number) - 1;
  }
  return fitted;
}
