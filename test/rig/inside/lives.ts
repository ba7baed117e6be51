import type { TraceEvent } from './kernel-trace.js';

/** What became of a vector between its appearance and its end. Milliseconds. */
export interface Life {
  irq: number;
  /** from the kernel's vector_alloc to the write of its mask; undefined where nobody wrote it */
  lag: number | undefined;
  /** how long it lived, or has lived */
  span: number;
}

/**
 * The lives of some IRQ numbers. A vector's first vector_alloc begins one, later ones are moves; its teardown ends it.
 * QEMU before 8.1 has a device's vectors torn down and allocated again for each one that the guest's driver adds.
 * @param now when the record ends
 */
export function livesOf(irqs: ReadonlySet<number>, events: readonly TraceEvent[], now: number): Life[] {
  const ended: Life[] = [];
  const living = new Map<number, { from: number; lag?: number }>();
  const end = (irq: number, at: number) => {
    const life = living.get(irq);
    if (life) ended.push({ irq, lag: life.lag, span: at - life.from });
    living.delete(irq);
  };
  for (const { at, irq, kind } of events) {
    if (!irqs.has(irq)) continue;
    const life = living.get(irq);
    if (kind === 'teardown') end(irq, at);
    else if (!life && kind === 'alloc') living.set(irq, { from: at });
    else if (life && kind === 'affinity') life.lag ??= at - life.from;
  }
  for (const irq of [...living.keys()]) end(irq, now);
  return ended;
}

/** @param share 0.5 for the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY;
}

const STEPS = [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, Number.POSITIVE_INFINITY];

/** Lines of a histogram: how many were placed within so many milliseconds, and how many not while they lived. */
export function histogram(title: string, lives: readonly Life[]): string {
  const placed = lives.flatMap(({ lag }) => lag ?? []);
  const unplaced = lives.filter(({ lag }) => lag === undefined);
  const bars = STEPS.flatMap((limit, index) => {
    const count = placed.filter((lag) => lag <= limit && lag > (STEPS[index - 1] ?? -1)).length;
    return count > 0 ? [bar(limit === Number.POSITIVE_INFINITY ? 'more' : `<= ${limit} ms`, count)] : [];
  });
  const longest = Math.max(...unplaced.map(({ span }) => span));
  const missed =
    unplaced.length > 0 ? [bar('not', unplaced.length), `  longest of these lived ${longest.toFixed(0)} ms`] : [];
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(placed, share).toFixed(1));
  const figures = placed.length > 0 ? `p50 ${p50} ms, p99 ${p99} ms of ${placed.length}` : 'none placed';
  return [`${title}: ${figures}`, ...bars, ...missed].join('\n');
}

const bar = (label: string, count: number) => `${label.padStart(11)} ${'#'.repeat(Math.min(count, 60))} ${count}`;
