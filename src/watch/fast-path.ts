import { isWorthAnotherTry } from '../affinity/write-errors.js';
import { readHandlers } from '../host/interrupt.js';
import { isVfioDriver, readDriver } from '../host/pci-device.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { DeviceState } from './device-state.js';

/** Looks for one that meet an error which may pass, before a close look decides. */
const TRIES = 3;

/** A vector that the kernel named: what handles it now, how often it was looked for before, and when it was told of, on the clock. */
export interface Appeared {
  irq: number;
  handlers: string[];
  tries: number;
  at: number;
}

/**
 * What came of one. `not there`: the kernel names a handler a moment before there is a mask to write, or it went again, perhaps under the
 * write; `unclear`: a close look has to decide.
 */
type Done = 'written' | 'as wanted' | 'not there' | 'unclear';

export interface FastPathResult {
  /** of the one that was named */
  done: Done;
  /** the numbers of those that are as wanted now: it, and those that came with it */
  placed: number[];
  /** masks that were written */
  writes: number;
}

export const UNCLEAR: FastPathResult = { done: 'unclear', placed: [], writes: 0 };

/**
 * Places a vector that has just appeared, ahead of the close look that reads back and notes it down: a tenth of its work. Only one of
 * which nothing is known, on a device that a close look found to be its domain's. A device's vectors mostly come together: the next ones
 * are there before the kernel's word of them is, and are placed with it.
 */
export function placeOnFastPath(
  files: PseudoFs,
  device: DeviceState,
  appeared: Appeared,
  now: () => number,
): FastPathResult {
  const { irq, handlers } = appeared;
  const owned = vfioOwnership(handlers, device.address);
  if (!owned.ours || !isOnVfio(files, device)) return UNCLEAR;
  const placer = new Placer(files, device, appeared, now);
  const first = { irq, handler: handlers[0] as string };
  const done = placer.place(first, owned.vector === null);
  const { vector } = owned;
  if (placer.goesOn && vector !== null) {
    const next = device.numbers().filter((number) => number > irq);
    for (let ahead = 1; placer.goesOn && ahead <= next.length; ahead++) {
      const handler = first.handler.replace(`[${vector}]`, `[${vector + ahead}]`);
      placer.placeNext({ irq: next[ahead - 1] as number, handler });
    }
  }
  return { done, ...placer.conclude() };
}

function isOnVfio(files: PseudoFs, { address }: DeviceState): boolean {
  try {
    return isVfioDriver(readDriver(files, address));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return false;
  }
}

interface Vector {
  irq: number;
  handler: string;
}

/** The vectors of one device that come together. */
class Placer {
  readonly #placed: Vector[] = [];
  #writes = 0;
  /** the last one is as wanted */
  goesOn = false;

  constructor(
    private readonly files: PseudoFs,
    private readonly device: DeviceState,
    private readonly appeared: Appeared,
    private readonly now: () => number,
  ) {}

  /** @param isLine what it had is noted down before it is written: not here */
  place(one: Vector, isLine = false): Done {
    const done = this.#attempt(one, isLine);
    this.goesOn = done === 'written' || done === 'as wanted';
    if (this.goesOn) this.#placed.push(one);
    if (done === 'written') this.#writes++;
    return done;
  }

  /** One that nobody has named: nothing is kept of it where it is not what it is taken for. */
  placeNext(one: Vector): void {
    const { interrupts } = this.device;
    const known = interrupts.get(one.irq);
    this.goesOn = false;
    // what is known of another vector is not given up for a guess
    if (known?.handler !== undefined && known.handler !== one.handler) return;
    if (known?.look() !== 'same') this.place(one);
    if (!this.goesOn && interrupts.get(one.irq) !== known) this.device.forget(one.irq);
  }

  /** What went, and is back, while others were placed is placed once more: a driver that loads does that for each vector that it adds. */
  conclude(): Pick<FastPathResult, 'placed' | 'writes'> {
    const batch = this.#placed.splice(0);
    const gone = batch.filter((one) => !this.#adopt(one));
    for (const one of gone) {
      this.place(one);
      if (this.goesOn) this.#adopt(one);
    }
    if (this.#writes > 0) this.device.lookSoon(this.now());
    else if (batch.length > 0) this.device.lookInTime(this.now());
    const placed = [...batch.filter((one) => !gone.includes(one)), ...this.#placed].map(({ irq }) => irq);
    return { placed, writes: this.#writes };
  }

  /** Later looks compare with what is now. False where it went. */
  #adopt({ irq, handler }: Vector): boolean {
    return this.device.watchAs(irq, handler).adopt({ affinity: this.device.cpus ?? null, handlers: [handler] });
  }

  #attempt({ irq, handler }: Vector, isLine: boolean): Done {
    const { cpus, mask, interrupts } = this.device;
    if (cpus === undefined) return 'unclear';
    const known = interrupts.get(irq);
    if (known?.handler === handler && !known.isNew) return 'unclear';
    try {
      const watch = this.device.watchAs(irq, handler);
      const from = watch.readAffinity();
      if (from === undefined) return 'not there';
      // it may be another's by now; what becomes another's from here on is not written. VFIO's handlers do not outlive its binding
      const handlers = readHandlers(this.files, irq);
      if (handlers.length === 0) return 'not there';
      if (handlers.length !== 1 || handlers[0] !== handler) return 'unclear';
      if (from === cpus) return 'as wanted';
      if (isLine) return 'unclear';
      watch.write(mask);
      watch.ahead = { from, to: cpus, lagMs: Math.max(0, this.now() - this.appeared.at) };
      return 'written';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const mayPass = isWorthAnotherTry(error.code) && this.appeared.tries < TRIES;
      return error.code === 'ENOENT' || mayPass ? 'not there' : 'unclear';
    }
  }
}
