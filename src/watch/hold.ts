import type { Definition } from '../domain/definition.js';
import { enforceDomain } from '../enforce/pass.js';
import { releaseDomain } from '../enforce/release.js';
import type { Settings } from '../enforce/settings.js';
import { FileError } from '../host/files.js';
import { count, type HoldCounters, noCounters } from './counters.js';
import type { HoldHost } from './hold-host.js';
import type { HoldProblem, HoldRun, Placement } from './hold-run.js';

export type { Clock, HoldHost } from './hold-host.js';
export type { HoldProblem, HoldRun, Placement } from './hold-run.js';

/** What may have happened: of one domain, to interrupts that the kernel named, or, if neither is said, anywhere. */
export interface Stir {
  uuid?: string;
  irqs?: readonly number[];
  /** when the kernel said so, on the clock; now if absent */
  at?: number;
}

/** How long a domain is looked at in busy intervals, in milliseconds: a guest's drivers take their time. */
const BUSY = 60_000;

interface Held {
  definition: Definition;
  next: number;
  busyUntil: number;
}

/** Keeps the interrupts of running domains where they belong. It is driven: run() when `due` is there. */
export class Hold {
  /** the kernel tells of vectors itself: looks are `intervals.traced` apart, not `quiet` */
  traced = false;
  readonly #domains = new Map<string, Held>();
  readonly #counters = noCounters();

  constructor(
    private readonly host: HoldHost,
    /** may be replaced at any time */
    public settings: Settings,
  ) {}

  /** A domain runs, or its definition changed: it is planned at once, and looked at in busy intervals for a while. */
  put(definition: Definition): void {
    const now = this.host.clock.now();
    this.#domains.set(keyOf(definition), { definition, next: now, busyUntil: now + BUSY });
  }

  /** It ended: nothing of it is left behind. @throws FileError where its state cannot be removed */
  drop(uuid: string): void {
    this.#domains.delete(uuid);
    releaseDomain(this.host.files, this.host.state, uuid);
  }

  /** Something may have happened: the next run looks. */
  stir({ uuid, irqs }: Stir = {}): void {
    const now = this.host.clock.now();
    for (const [key, held] of this.#domains) {
      if (uuid !== undefined && key !== uuid) continue;
      held.next = now;
      if (!irqs) held.busyUntil = now + BUSY;
    }
  }

  /** When run() is to be called next, on the clock; Infinity without domains. */
  get due(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#domains.values()].map(({ next }) => next));
  }

  get counters(): HoldCounters {
    return this.#counters;
  }

  /** Does what is due. Never throws for what the host is like: that is a problem of the result. */
  run(): HoldRun {
    const run: HoldRun = { changed: [], problems: [], looked: 0, writes: 0 };
    const now = this.host.clock.now();
    const { intervals } = this.settings;
    for (const held of this.#domains.values()) {
      if (held.next > now) continue;
      this.#look(held, run);
      const quiet = this.traced ? intervals.traced : intervals.quiet;
      held.next = now + (now < held.busyUntil ? intervals.busy : quiet);
    }
    count(this.#counters, run);
    return run;
  }

  #look({ definition }: Held, run: HoldRun): void {
    const { name: domain, uuid = null } = definition;
    try {
      const host = { ...this.host, settings: this.settings, counts: false, onlyRunning: true };
      const { report } = enforceDomain(host, definition);
      for (const { address, interrupts } of report.devices) {
        run.looked += interrupts.length;
        for (const { action, irq, vector, affinity, wanted, error } of interrupts) {
          if (action !== 'set') continue;
          run.writes++;
          const placement: Placement = {
            ...{ domain, uuid, address: address ?? '', irq, vector, kind: 'placed', from: null, to: affinity, wanted },
            ...(error === null ? {} : { error }),
          };
          run.changed.push(placement);
        }
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const problem: HoldProblem = {
        ...{ domain, uuid, address: null, rule: 'unreadable', severity: 'error', message: error.message },
      };
      run.problems.push(problem);
    }
  }
}

const keyOf = ({ uuid, name }: Definition) => uuid ?? name;
