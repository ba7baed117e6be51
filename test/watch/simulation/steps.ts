import { DEFAULT_SETTINGS, type Settings } from '../../../src/affinity/settings.js';
import { generator } from '../../support/random.js';
import type { TraceSource } from './trace-reports.js';

/** How many domains there are; two of them share a device, so that only one of the two can run. */
export const DOMAINS = 6;
/** Codes that a write may meet: FACTS of the kernel, transient and lasting. */
export const ERRORS = [
  'EBUSY',
  'EAGAIN',
  'ENOSPC',
  'EPERM',
  'EIO',
  'EINVAL',
  'ERANGE',
  'EOVERFLOW',
  'EACCES',
  'EROFS',
  'ENOENT',
] as const;

/** Relative frequencies of the events. */
const WEIGHTS = {
  // guests
  start: 14,
  stop: 10,
  takeover: 4,
  driver: 12,
  reset: 8,
  unload: 3,
  unmask: 4,
  swap: 5,
  flap: 3,
  wide: 1,
  // what libvirt reports
  plug: 4,
  unplug: 3,
  repin: 6,
  policy: 4,
  claim: 2,
  reconnect: 1,
  // the host
  move: 6,
  mover: 7,
  shrink: 5,
  host: 4,
  offline: 5,
  online: 5,
  // writes that fail
  deny: 4,
  allow: 4,
  refuse: 4,
  // trace events
  stopTracing: 3,
  startTracing: 3,
  lose: 3,
  // the watcher, and others like it
  kill: 6,
  enforce: 3,
  limit: 2,
  settle: 2,
} as const;

export type Kind = keyof typeof WEIGHTS;

/** An event on a host. One that is not possible at that moment has no effect, so every sequence is valid. */
export interface Step {
  kind: Kind;
  /** of the domain, and of whatever else there is a choice of */
  domain: number;
  choice: number;
  /** whether it is reported to the watcher, which must find out otherwise */
  isReported: boolean;
  /**
   * 0: at once. Otherwise the guest's driver is loaded first, and the event comes during the check that follows, at
   * this access of an interrupt
   */
  atAccess: number;
  /** milliseconds that pass afterwards */
  wait: number;
}

/** What may come while the watcher looks. */
const DURING_CHECK: ReadonlySet<Kind> = new Set<Kind>([
  ...(['stop', 'driver', 'reset', 'unload', 'unmask', 'swap', 'unplug', 'repin', 'move', 'shrink'] as const),
  ...(['deny', 'allow', 'offline', 'online', 'host', 'takeover'] as const),
]);
const KINDS = (Object.keys(WEIGHTS) as Kind[]).flatMap((kind) => Array<Kind>(WEIGHTS[kind]).fill(kind));

/** What is the same for a whole history. */
export interface Setup {
  /** whether there are trace events at first, and how late they come */
  traced: boolean;
  source: TraceSource;
  latencyMs: number;
  /** the CPUs that vectors are born on; undefined: all, or those of the device's node */
  defaultAffinity: string | undefined;
  settings: Settings;
}

export interface History {
  setup: Setup;
  steps: Step[];
}

/** The history of a seed: always the same one. */
export function historyOf(seed: number, length: number): History {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <T>(choices: readonly T[]) => choices[below(choices.length)] as T;
  const quiet = oneOf([1000, 3000]);
  const setup: Setup = {
    traced: seed % 2 === 0,
    source: (['vectors', 'requests', 'vectors', 'unnamed-requests'] as const)[(seed >> 1) % 4] as TraceSource,
    latencyMs: oneOf([0, 2, 40]),
    defaultAffinity: oneOf([undefined, '0-1', '0']),
    settings: {
      ...DEFAULT_SETTINGS,
      intervals: { busy: oneOf([300, 1000]), quiet, traced: oneOf([5000, 10_000]) },
      contest: oneOf([
        { limit: 3, window: 10_000 },
        { limit: 5, window: 20_000 },
        { limit: 30, window: 60_000 },
      ]),
    },
  };
  const wait = () => {
    const kind = random();
    const mean = kind < 0.9 ? quiet : kind < 0.99 ? 20_000 : 200_000;
    // much happens at once, and then nothing for a while
    return kind < 0.4 ? below(3) * below(400) : Math.round(-Math.log(1 - random()) * mean);
  };
  const steps = Array.from({ length }, (): Step => {
    const kind = oneOf(KINDS);
    const atAccess = DURING_CHECK.has(kind) && random() < 0.4 ? 1 + below(40) : 0;
    return {
      kind,
      domain: below(DOMAINS),
      choice: below(1_000_000),
      isReported: random() < 0.5,
      atAccess,
      wait: wait(),
    };
  });
  return { setup, steps };
}

/**
 * Removes steps as long as it still fails (delta debugging): first halves, then ever smaller parts, and single ones
 * until none is left to remove.
 */
export function shrink(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean, trials = 2000): Step[] {
  let shortest = [...steps];
  let left = trials;
  for (let size = Math.ceil(shortest.length / 2); size >= 1 && left > 0; ) {
    const before = shortest.length;
    for (let end = shortest.length; end > 0 && left > 0; end -= size, left--) {
      const fewer = [...shortest.slice(0, Math.max(0, end - size)), ...shortest.slice(end)];
      if (fails(fewer)) shortest = fewer;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (shortest.length === before) break;
  }
  return shortest;
}
