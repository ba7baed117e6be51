import { lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readEntry, TAKEN } from '../runtime/spool.js';
import type { HookCall } from './run.js';

/** What hook/qemu names a call: the domain's UUID, or its own pid where it found none. */
const NAME = /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|x\.\d{1,10})$/;

/**
 * The spool as a hook serves it that has no watcher to leave its call to. It takes what hooks have left, and leaves all else in the
 * folder to a watcher, which removes it and says so.
 */
export class SpooledCalls {
  readonly #folder: string;

  /** @param keep leave each call, as one that was taken: a watcher takes it when it starts, and so knows the domain */
  constructor(
    root: string,
    private readonly keep: boolean,
  ) {
    this.#folder = join(root || '/', 'run/hostdev-cpuset/spool');
  }

  /** The names of calls that nobody has taken, the oldest first. */
  waiting(): string[] {
    const names = attempt(() => readdirSync(this.#folder)) ?? [];
    const times = new Map<string, number>();
    for (const name of names.filter((name) => NAME.test(name))) {
      const stat = attempt(() => lstatSync(join(this.#folder, name)));
      if (stat) times.set(name, stat.mtimeMs);
    }
    return [...times].sort(([, a], [, b]) => a - b).map(([name]) => name);
  }

  /** Takes a call: of two who try, one gets it. Undefined where it is gone, or is nothing that a hook leaves. */
  claim(name: string): HookCall | undefined {
    if (!NAME.test(name)) return undefined;
    const taken = join(this.#folder, `${TAKEN}${name}`);
    const call = attempt(() => {
      renameSync(join(this.#folder, name), taken);
      const { operation, xml } = readEntry(taken);
      const work = operation === 'release' ? 'release' : 'pass';
      return { work, name: undefined, operation, input: { bytes: xml } } as const;
    });
    if (call && !this.keep) attempt(() => unlinkSync(taken));
    return call;
  }
}

/** A watcher that has just started may take any file at any time. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
