import type { Refusal } from '../affinity/reason.js';
import { verifyHandlers } from '../affinity/verify-target.js';
import { mayPassSoon } from '../affinity/write-errors.js';
import { type Cpuset, EMPTY, equal, intersect } from '../domain/cpuset.js';
import { readDriver, vfioEvidence } from '../host/pci-device.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { DeviceState } from './device-state.js';

/** Attempts to write a vector that fails with a transient error, before a full check is made instead. */
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
 * absent: the vector has no handler or no mask yet (the event precedes both), or it went away: try again; unclear: a
 * full check must decide.
 */
type Outcome = 'written' | 'as wanted' | 'absent' | 'unclear';

export interface FastPathResult {
  /** of the vector that the event named */
  outcome: Outcome;
  /** IRQs that have their target now: the named one, and others that appeared with it */
  placed: number[];
  /** number of affinities written */
  writes: number;
}

/** What the fast path must know besides the files. */
export interface VectorHost {
  now(): number;
  /** whether trace events say that the IRQ is posted; false if unknown */
  isPosted(irq: number): boolean;
}

export const UNCLEAR: FastPathResult = { outcome: 'unclear', placed: [], writes: 0 };

/**
 * Writes the mask of a vector that has just appeared, before the full check that reads it back and records it; this
 * costs a tenth of a full check. Only for a vector without a recorded state, on a device that a full check found to be
 * its domain's. The vectors of a device usually appear together: the following ones exist before their events are read,
 * and are placed at the same time.
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

/** Vectors of one device that appeared together. */
class VectorBatch {
  readonly #placed: Vector[] = [];
  #writes = 0;
  /** number of vectors of the device; read once */
  #count: number | undefined;
  isLastPlaced = false;

  constructor(
    private readonly files: PseudoFs,
    private readonly device: DeviceState,
    private readonly named: NewVector,
    private readonly host: VectorHost,
  ) {}

  /** @param isLine a legacy line: its old mask must be saved before it is written, which the fast path does not do */
  place(vector: Vector, isLine = false): Outcome {
    const outcome = this.#attempt(vector, isLine);
    this.isLastPlaced = outcome === 'written' || outcome === 'as wanted';
    if (this.isLastPlaced) this.#placed.push(vector);
    if (outcome === 'written') this.#writes++;
    return outcome;
  }

  /** Places a vector that no event has named. If it cannot be placed, the recorded state of the IRQ stays as it was. */
  placeGuessed(vector: Vector): void {
    const { interrupts } = this.device;
    // a write may end the posting
    if (this.host.isPosted(vector.irq)) return;
    const known = interrupts.get(vector.irq);
    this.isLastPlaced = false;
    // the state of another vector is not dropped on a guess
    if (known?.handler !== undefined && known.handler !== vector.handler) return;
    if (known?.check() !== 'same') this.place(vector);
    if (!this.isLastPlaced && interrupts.get(vector.irq) !== known) this.device.forget(vector.irq);
  }

  /**
   * Places a vector again that went away and came back while the others were placed: drivers free and request all
   * vectors for each one that they add.
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

  /** False if the vector has gone. */
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
    // Another vector may have the number by now. If one gets it after this check, the open descriptor refuses the
    // write.
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
      const result = state.writeAffinity(target, verify, intersect(target, this.device.targets?.preferred ?? EMPTY));
      if (result.outcome === 'refused') return outcomeOf(result.reason);
      if (result.outcome === 'failed') {
        if (result.part) {
          state.movedFrom ??= from;
          this.#writes++;
        }
        return this.#outcomeOfError(result.error.code);
      }
      const lagMs = Math.max(0, this.host.now() - this.named.seenAt);
      state.fastPathWrite = { from: state.movedFrom ?? from, to: target, lagMs };
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
