/** The name that was probably meant: at most a third of the characters differ, or one is the start of the other. */
export function similar(name: string, names: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  const lower = name.toLowerCase();
  let best: string | undefined;
  let distance = Math.floor(Math.max(name.length, 3) / 3) + 1;
  for (const each of names) {
    if (
      best === undefined &&
      Math.min(each.length, name.length) >= 3 &&
      (each.startsWith(name) || name.startsWith(each))
    )
      best = each;
    if (Math.abs(each.length - name.length) >= distance) continue;
    const difference = editDistance(lower, each.toLowerCase());
    if (difference < distance) [best, distance] = [each, difference];
  }
  return best;
}

/** Two characters that were exchanged count as one difference. */
function editDistance(a: string, b: string): number {
  let earlier: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isExchange = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const exchanged = isExchange ? (earlier[column - 2] as number) + 1 : substituted;
      const inserted = (current[column - 1] as number) + 1;
      current.push(Math.min(substituted, exchanged, (previous[column] as number) + 1, inserted));
    }
    [earlier, previous] = [previous, current];
  }
  return previous[b.length] as number;
}
