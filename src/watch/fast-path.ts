import type { Refusal } from '../affinity/reason.js';
import { verifyHandlers } from '../affinity/verify-target.js';
import { mayPassSoon } from '../affinity/write-errors.js';
import { type Cpuset, equal } from '../domain/cpuset.js';
import { readDriver, vfioEvidence } from '../host/pci-device.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { DeviceState } from './device-state.js';

/** Attempts at a vector whose write fails with an error that may pass, before a full check decides. */
const MAX_TRIES = 3;

/**
 * A vector that a trace event named: its handlers now, earlier attempts, and the event's time on the watcher's clock.
 */
export interface NewVector {
  irq: number;
  handlers: string[];
  tries: number;
  seenAt: number;
}

/**
 * absent: it has no handler or no mask yet, or went away meanwhile (the event precedes both): try again; unclear: a
 * full check has to decide.
 */
type Outcome = 'written' | 'as wanted' | 'absent' | 'unclear';

export interface FastPathResult {
  /** of the vector that was named */
  outcome: Outcome;
  /** IRQs that are as wanted now: it, and those that came with it */
  placed: number[];
  /** masks that were written */
  writes: number;
}

/** What placing depends on beside the files. */
export interface VectorHost {
  now(): number;
  /** whether trace events say so; false if it is not known */
  isPosted(irq: number): boolean;
}

export const UNCLEAR: FastPathResult = { outcome: 'unclear', placed: [], writes: 0 };

/**
 * Writes the mask of a vector that has just appeared before the full check that reads it back and records it: a tenth
 * of its work. Only for a vector that nothing is known of, on a device that a full check found to be its domain's. The
 * vectors of a device mostly come together: the following ones exist before their events are read, and are placed with
 * it.
 */
export function placeOnFastPath(
  files: PseudoFs,
  device: DeviceState,
  named: NewVector,
  host: VectorHost,
): FastPathResult {
  const { irq, handlers } = named;
  const owned = vfioOwnership(handlers, device.address);
  if (!owned.ours || !isBoundToVfio(files, device)) return UNCLEAR;
  const batch = new VectorBatch(files, device, named, host);
  const first = { irq, handler: handlers[0] as string };
  const outcome = batch.place(first, owned.vector === null);
  const { vector } = owned;
  if (batch.isLastPlaced && vector !== null) {
    const following = device.listIrqs().filter((number) => number > irq);
    for (let offset = 1; batch.isLastPlaced && offset <= following.length; offset++) {
      const handler = first.handler.replace(`[${vector}]`, `[${vector + offset}]`);
      batch.placeGuessed({ irq: following[offset - 1] as number, handler });
    }
  }
  return { outcome, ...batch.finish() };
}

function isBoundToVfio(files: PseudoFs, { address }: DeviceState): boolean {
  try {
    return vfioEvidence(files, address, readDriver(files, address)) !== 'no';
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return false;
  }
}

interface Vector {
  irq: number;
  handler: string;
}

/** Vectors of one device that came together. */
class VectorBatch {
  readonly #placed: Vector[] = [];
  #writes = 0;
  /** how many vectors the device has; read once */
  #count: number | undefined;
  isLastPlaced = false;

  constructor(
    private readonly files: PseudoFs,
    private readonly device: DeviceState,
    private readonly named: NewVector,
    private readonly host: VectorHost,
  ) {}

  /** @param isLine a legacy line: its old mask has to be saved before it is written, which is not done here */
  place(vector: Vector, isLine = false): Outcome {
    const outcome = this.#attempt(vector, isLine);
    this.isLastPlaced = outcome === 'written' || outcome === 'as wanted';
    if (this.isLastPlaced) this.#placed.push(vector);
    if (outcome === 'written') this.#writes++;
    return outcome;
  }

  /** A vector that no event has named: if it is not what it was taken for, what is known of the IRQ stays as it was. */
  placeGuessed(vector: Vector): void {
    const { interrupts } = this.device;
    // a write may end its posting
    if (this.host.isPosted(vector.irq)) return;
    const known = interrupts.get(vector.irq);
    this.isLastPlaced = false;
    // what is known of another vector is not dropped on a guess
    if (known?.handler !== undefined && known.handler !== vector.handler) return;
    if (known?.check() !== 'same') this.place(vector);
    if (!this.isLastPlaced && interrupts.get(vector.irq) !== known) this.device.forget(vector.irq);
  }

  /**
   * A vector that went and came back while others were placed is placed once more: drivers do that for each vector that
   * they add.
   */
  finish(): Pick<FastPathResult, 'placed' | 'writes'> {
    const batch = this.#placed.splice(0);
    const gone = batch.filter((vector) => !this.#record(vector));
    for (const vector of gone) {
      this.place(vector);
      if (this.isLastPlaced) this.#record(vector);
    }
    if (this.#writes > 0) this.device.scheduleCheck(this.host.now());
    else if (batch.length > 0) this.device.scheduleLateCheck(this.host.now());
    const placed = [...batch.filter((vector) => !gone.includes(vector)), ...this.#placed].map(({ irq }) => irq);
    return { placed, writes: this.#writes };
  }

  /** False if it has gone. */
  #record({ irq, handler }: Vector): boolean {
    const affinity = this.#targetOf(handler) ?? null;
    return this.device.stateWith(irq, handler).record({ affinity, handlers: [handler] });
  }

  #targetOf(handler: string): Cpuset | undefined {
    return this.device.targetOf(handler, () => {
      this.#count ??= this.device.listIrqs().length;
      return this.#count;
    });
  }

  #attempt({ irq, handler }: Vector, isLine: boolean): Outcome {
    const { interrupts, address } = this.device;
    const target = this.#targetOf(handler);
    if (target === undefined) return 'unclear';
    const known = interrupts.get(irq);
    if (known?.handler === handler && !known.isNew) return 'unclear';
    // The number may be another's by now. If it becomes so after this check, the kept descriptor refuses the write.
    const verify = () => verifyHandlers(this.files, { address, irq, handlers: [handler] });
    try {
      const state = this.device.stateWith(irq, handler);
      const from = state.readAffinity();
      if (from === undefined) return 'absent';
      const isPlaced = equal(from, target);
      if (isPlaced || isLine) {
        const refusal = verify();
        if (refusal) return outcomeOf(refusal);
        return isPlaced ? 'as wanted' : 'unclear';
      }
      const result = state.writeAffinity(target, verify);
      if (result.outcome === 'refused') return outcomeOf(result.reason);
      if (result.outcome === 'failed') return this.#outcomeOfError(result.error.code);
      state.fastPathWrite = { from, to: target, lagMs: Math.max(0, this.host.now() - this.named.seenAt) };
      return 'written';
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return this.#outcomeOfError(error.code);
    }
  }

  #outcomeOfError(code: string): Outcome {
    const mayPass = mayPassSoon(code) && this.named.tries < MAX_TRIES;
    return code === 'ENOENT' || mayPass ? 'absent' : 'unclear';
  }
}

const outcomeOf = ({ code }: Refusal): Outcome => (code === 'gone' ? 'absent' : 'unclear');
