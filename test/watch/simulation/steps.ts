/** How many domains there are; two of them share a device, so that only one of the two can run. */
export const DOMAINS = 200;
export const CPUS = 32;
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

/** Something that happens on a host. What is not possible at that moment does not happen: any history is one. */
export interface Step {
  /** milliseconds that pass afterwards */
  wait: number;
  /** of the domain, and of whatever else there is a choice of */
  domain: number;
  choice: number;
  /** whether the watcher is told of it; where it is not, it finds out */
  told: boolean;
  /** 0: it happens at once. Else its domain's driver comes first, and it happens under the look at that, at this access of an interrupt */
  amid: number;
  kind:
    | ('start' | 'stop' | 'driver' | 'reset' | 'unload' | 'unmask' | 'swap' | 'plug' | 'unplug' | 'repin' | 'policy')
    | ('move' | 'shrink' | 'deny' | 'allow' | 'refuse' | 'offline' | 'online' | 'reconnect' | 'kill' | 'host')
    | ('takeover' | 'flap');
}

/** How often each happens, against the others. */
const WEIGHTS: Record<Step['kind'], number> = {
  start: 12,
  stop: 34,
  driver: 14,
  reset: 8,
  unload: 3,
  unmask: 4,
  swap: 6,
  plug: 3,
  unplug: 3,
  repin: 6,
  policy: 4,
  move: 12,
  shrink: 4,
  deny: 4,
  allow: 4,
  refuse: 4,
  offline: 3,
  online: 3,
  reconnect: 1,
  kill: 2,
  host: 4,
  takeover: 8,
  flap: 1,
};
/** What is up to the host and its guests, and may come while the watcher looks. */
const AMID: ReadonlySet<Step['kind']> = new Set<Step['kind']>([
  ...(['stop', 'driver', 'reset', 'unload', 'unmask', 'swap', 'unplug', 'repin', 'move', 'shrink'] as const),
  ...(['deny', 'allow', 'offline', 'online', 'host', 'takeover'] as const),
]);
const KINDS = (Object.keys(WEIGHTS) as Step['kind'][]).flatMap((kind) => Array<Step['kind']>(WEIGHTS[kind]).fill(kind));

/** A history of so many steps over a day; the same for the same seed. */
export function history(seed: number, length: number): Step[] {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const mean = 86_400_000 / length;
  return Array.from({ length }, (): Step => {
    const kind = KINDS[below(KINDS.length)] as Step['kind'];
    // much happens at once, and then nothing for a while
    const wait = random() < 0.4 ? below(3) * below(400) : Math.round(-Math.log(1 - random()) * mean * 1.6);
    const amid = AMID.has(kind) && random() < 0.4 ? 1 + below(40) : 0;
    return { kind, domain: below(DOMAINS), choice: below(1_000_000), told: random() < 0.6, amid, wait };
  });
}

/** Numbers from 0 to below 1 (the algorithm that is known as mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The shortest history that still fails, as far as dropping steps leads to it within so many trials. */
export function shrink(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean, trials = 400): Step[] {
  let shortest = [...steps];
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = shortest.length - size; at > -size && trials > 0; at -= size, trials--) {
      const start = Math.max(0, at);
      const fewer = [...shortest.slice(0, start), ...shortest.slice(at + size)];
      if (fails(fewer)) shortest = fewer;
    }
  }
  return shortest;
}
