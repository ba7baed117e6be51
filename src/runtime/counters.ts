/** Upper bounds of the lag histogram's buckets, in milliseconds; one more bucket has no bound. */
export const LAG_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

/** Counters of the watcher's work, for `status` and the metrics. All but the first five only grow. */
export interface Counters {
  /** managed domains, their devices with a policy, and the interrupts of these devices that VFIO handles */
  domains: number;
  devices: number;
  interrupts: number;
  /** interrupts that are contested now */
  contestedNow: number;
  /** interrupts that were delivered to another node than their device's at the last full check */
  remote: number;
  /** affinities written, and how many of these because another program had moved an interrupt */
  writes: number;
  repairs: number;
  /** how often repairs of an interrupt were paused */
  contested: number;
  /** failed writes by kind (affinity/write-errors.ts); `unreadable`: files that could not be read */
  errors: Record<'transient' | 'exhausted' | 'impossible' | 'gone' | 'unreadable', number>;
  /** unknown lines and kinds of events that `virsh event` printed */
  unknownEvents: number;
  /**
   * from an interrupt's appearance to its placement; `counts` has one element more than LAG_BOUNDS_MS and is not
   * cumulative
   */
  lag: { counts: number[]; sumMs: number; count: number };
}

/** The present state of one domain, by the last full check of each of its devices: gauges of the metrics. */
export interface DomainCounts {
  /** name */
  domain: string;
  devices: number;
  interrupts: number;
  /** interrupts that are not where their policy wants them: isMisplaced() */
  misplaced: number;
  contested: number;
  /** interrupts that are delivered to another node than their device's */
  remote: number;
  /** interrupts that are known to be posted */
  posted: number;
  /** interrupts, and whole devices, that could not be read */
  unreadable: number;
  unreadableDevices: number;
}

/** An interrupt that another program keeps moving: its repairs pause from time to time. */
export interface ContestedInterrupt {
  /** name */
  domain: string;
  /** PCI address of its device */
  address: string;
  irq: number;
}

/** How many interrupts of a device were delivered outside the wanted set, since the watcher has managed it. */
export interface StrayCount {
  /** name */
  domain: string;
  /** PCI address */
  address: string;
  count: number;
}

/** The counted results of a run: the masks that were written, the failures, and the placements. */
export interface CountedResult {
  writes: number;
  errors: Counters['errors'];
  changed: readonly { kind: string; lagMs?: number }[];
}

export function emptyCounters(): Counters {
  return {
    domains: 0,
    devices: 0,
    interrupts: 0,
    contestedNow: 0,
    remote: 0,
    writes: 0,
    repairs: 0,
    contested: 0,
    errors: { transient: 0, exhausted: 0, impossible: 0, gone: 0, unreadable: 0 },
    unknownEvents: 0,
    lag: { counts: Array.from({ length: LAG_BOUNDS_MS.length + 1 }, () => 0), sumMs: 0, count: 0 },
  };
}

/** Adds the result of one run of the reconciler. */
export function addResult(counters: Counters, { changed, writes, errors }: CountedResult): void {
  counters.writes += writes;
  for (const kind of Object.keys(errors) as (keyof typeof errors)[]) counters.errors[kind] += errors[kind];
  for (const { kind, lagMs } of changed) {
    if (kind === 'repaired') counters.repairs++;
    if (kind === 'contested') counters.contested++;
    if (lagMs !== undefined) countLag(counters.lag, lagMs);
  }
}

function countLag(lag: Counters['lag'], milliseconds: number): void {
  const bucket = LAG_BOUNDS_MS.findIndex((bound) => milliseconds <= bound);
  const index = bucket < 0 ? LAG_BOUNDS_MS.length : bucket;
  lag.counts[index] = (lag.counts[index] ?? 0) + 1;
  lag.sumMs += milliseconds;
  lag.count++;
}
