/** A CPU list in at most `width` characters: the middle of a longer one is left out. `0-1,4-5,8-9,12-13` in 12 is `0-1,…,12-13`. */
export function elide(list: string, width: number): string {
  if (list.length <= width) return list;
  const items = list.split(',');
  const last = items.pop() as string;
  const first = items.shift() ?? '';
  let head = first;
  if (`${first},…,${last}`.length > width) return clip(list, width);
  for (const item of items) {
    if (`${head},${item},…,${last}`.length > width) break;
    head += `,${item}`;
  }
  return `${head},…,${last}`;
}

/** At most `width` characters: a cut shows as …, and a character is never halved. */
export function clip(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Lines of at most `width` characters, broken at spaces; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(clip(word, width));
  }
  return lines;
}

/** Widths whose sum is at most `room`: the widest column is made narrower first. */
export function shrink(widths: readonly number[], room: number): number[] {
  const fitted = [...widths];
  for (let excess = fitted.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = fitted.indexOf(Math.max(...fitted));
    fitted[widest] = (fitted[widest] as number) - 1;
  }
  return fitted;
}
