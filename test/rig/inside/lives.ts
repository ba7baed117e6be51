import type { TraceEvent } from './kernel-trace.js';

/** The lifetime of a vector. Milliseconds. */
export interface Life {
  irq: number;
  /** from the kernel's vector_alloc to the write of its mask; undefined if it was never written */
  lag: number | undefined;
  /** its age at its end, or now */
  span: number;
}

/**
 * The lifetimes of the vectors of some IRQs. A vector's first vector_alloc begins one, later ones are moves; its
 * teardown ends it. QEMU before 8.1 frees and allocates a device's vectors again for each one that the guest's driver
 * adds.
 * @param now the end of the record
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

/**
 * A histogram as text: how many vectors were placed within how many milliseconds, and how many were not while they
 * existed.
 */
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
