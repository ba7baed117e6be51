/** Random numbers from 0 to below 1 (the mulberry32 algorithm). */
export function generator(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random integers from 0 to below `limit`. */
export function randomNumbers(seed: number): (limit: number) => number {
  const next = generator(seed);
  return (limit) => Math.floor(next() * limit);
}
