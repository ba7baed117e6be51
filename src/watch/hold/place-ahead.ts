import { formatMask, parseCpuList } from '../../domain/cpu-mask.js';
import { ownership } from '../../enforce/handlers.js';
import { lookAgain } from '../../enforce/look-again.js';
import { FileError, type Files } from '../../host/files.js';
import type { DeviceWatch } from './device-watch.js';

/** A vector that the kernel named: what handles it now, and when its appearance was told, on the clock. */
export interface Appeared {
  irq: number;
  handlers: readonly string[];
  at: number;
}

/**
 * What came of it. `not there`: the kernel names a handler a moment before there is a mask to write; `unclear`: a close look has to decide.
 */
export type Ahead = 'written' | 'as wanted' | 'not there' | 'unclear';

/**
 * Places a vector that has just appeared, ahead of the close look that reads back and notes it down: a tenth of its work. Only one of
 * which nothing is known, on a device that a close look found to be its domain's.
 */
export function placeAhead(files: Files, device: DeviceWatch, appeared: Appeared, now: () => number): Ahead {
  const { irq, at } = appeared;
  const { address, cpus } = device;
  const handlers = [...appeared.handlers];
  const owned = ownership(handlers, address);
  if (cpus === undefined || !owned.ours) return 'unclear';
  const known = device.interrupts.get(irq);
  if (known?.handler === handlers[0] && !known?.isNew) return 'unclear';
  try {
    const watch = device.watchOf({ irq, handlers, affinity: '' });
    const from = watch.readAffinity();
    if (from === undefined) return 'not there';
    // the kernel may have named many, and this one is another's by now
    if (lookAgain(files, { address, irq, handlers }) !== undefined) return 'unclear';
    if (from !== cpus) {
      // what a line had is noted down before it is written
      if (owned.vector === null) return 'unclear';
      files.write(`/proc/irq/${irq}/smp_affinity`, `${formatMask(parseCpuList(cpus) ?? [])}\n`);
      watch.ahead = { from, to: cpus, lagMs: Math.max(0, now() - at) };
    }
    watch.adopt({ affinity: cpus, handlers });
    device.lookSoon(now());
    return from === cpus ? 'as wanted' : 'written';
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code === 'ENOENT' ? 'not there' : 'unclear';
  }
}
