import { lstatSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { openSpool, readEntry, TAKEN_PREFIX } from '../runtime/spool.js';
import type { HookCall } from './run.js';

/** File names of calls: the domain's UUID, or the pid of hook/qemu if it found no UUID. */
const NAME = /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|x\.\d{1,10})$/;

/**
 * The spool when no watcher runs: a hook carries out the calls that other hooks have left. Other files stay for a
 * watcher, which removes and reports them.
 */
export class SpooledCalls {
  /** @param keep keep each call, marked as taken, for the next watcher, which then knows the domain */
  constructor(
    private readonly root: string,
    private readonly keep: boolean,
  ) {}

  /** The names of calls that are not taken yet, the oldest first. */
  waiting(): string[] {
    const times = this.#attempt((folder) => {
      const names = readdirSync(folder.at('.')).filter((name) => NAME.test(name));
      return names.flatMap((name) => {
        const stat = lstatSync(folder.at(name), { throwIfNoEntry: false });
        return stat ? [{ name, writtenAt: stat.mtimeMs }] : [];
      });
    });
    return (times ?? []).sort((a, b) => a.writtenAt - b.writtenAt).map(({ name }) => name);
  }

  /**
   * Takes a call. Only one of several processes gets it. Undefined if the file has gone, or is not a call of the hook.
   */
  claim(name: string): HookCall | undefined {
    if (!NAME.test(name)) return undefined;
    const taken = `${TAKEN_PREFIX}${name}`;
    const call = this.#attempt((folder) => {
      renameSync(folder.at(name), folder.at(taken));
      const { operation, xml } = readEntry(folder.at(taken));
      const action = operation === 'release' ? 'release' : 'pass';
      return { action, name: undefined, operation, input: { bytes: xml } } as const;
    });
    if (call && !this.keep) this.#attempt((folder) => unlinkSync(folder.at(taken)));
    return call;
  }

  /** Undefined if it fails: a watcher that has just started may take any file at any time. */
  #attempt<T>(action: (folder: OpenFolder) => T): T | undefined {
    try {
      return using(openSpool(this.root), action);
    } catch {
      return undefined;
    }
  }
}
