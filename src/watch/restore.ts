import { parseAddress } from '../domain/address.js';
import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { isSubset } from '../domain/cpuset.js';
import { ownership } from '../enforce/handlers.js';
import { FileError, type Files } from '../host/files.js';
import { readInterrupt } from '../host/interrupt.js';
import type { Placement } from './hold.js';

interface Moved {
  address: string;
  irq: number;
  /** CPU lists: before our first write, and after our last */
  before: string;
  ours: string;
}

/** Remembers what interrupts had before they were placed, to give it back at the end. */
export class Restorer {
  readonly #moved = new Map<string, Moved>();

  note(changed: readonly Placement[]): void {
    for (const { address, irq, kind, from, to } of changed) {
      if ((kind !== 'placed' && kind !== 'repaired') || from === null || to === null) continue;
      const key = `${address} ${irq}`;
      const known = this.#moved.get(key);
      // what somebody else moved, and what follows the vCPUs, was ours before; else the number is a new vector's
      const before = known && (kind === 'repaired' || from === known.ours) ? known.before : from;
      this.#moved.set(key, { address, irq, before, ours: to });
    }
  }

  /** Gives every interrupt that is still the device's, and still where it was put, what it had; returns how many. */
  restore(files: Files): number {
    let restored = 0;
    for (const moved of this.#moved.values()) {
      try {
        if (restoreOne(files, moved)) restored++;
      } catch (error) {
        if (!(error instanceof FileError)) throw error; // it went, or refuses: then it is as it is
      }
    }
    return restored;
  }
}

function restoreOne(files: Files, { address, irq, before, ours }: Moved): boolean {
  const device = parseAddress(address);
  const now = readInterrupt(files, irq);
  const set = parseCpuList(ours);
  const had = parseCpuList(before);
  if (!device || !now || !set || !had || had.length === 0) return false;
  if (!ownership(now.handlers, device).ours || !isSubset(now.affinity, set)) return false;
  files.write(`/proc/irq/${irq}/smp_affinity`, `${formatMask(had)}\n`);
  return true;
}
