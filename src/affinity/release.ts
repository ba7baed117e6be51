import { parseAddress } from '../domain/address.js';
import { lineChange } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { isVfioHandler } from '../host/vfio-handlers.js';
import type { DomainStates, MovedLine } from '../runtime/domain-state.js';
import { type KeptReason, type RestoreResult, restoreAffinity } from './restore-affinity.js';

/** An interrupt that may have our affinity still and is not restored. */
export interface KeptInterrupt {
  irq: number;
  /** of its device; absent: unknown */
  address?: string;
  reason: KeptReason;
}

/** What became of interrupts that were to be restored. */
export class Released {
  restored = 0;
  readonly kept: KeptInterrupt[] = [];
  /** true: the state cannot be read, and which legacy lines were moved is unknown */
  isStateUnreadable = false;

  add({ irq, address }: Pick<KeptInterrupt, 'irq' | 'address'>, result: RestoreResult): void {
    if (result.outcome === 'restored') this.restored++;
    if (result.outcome !== 'kept') return;
    this.kept.push({ irq, ...(address === undefined ? {} : { address }), reason: result.reason });
  }
}

/**
 * A domain has ended and its devices are back with the host. Its legacy lines, which other devices may share one day,
 * get the mask that they had, if ours still stands there and the number still is that line's; then its state is
 * removed. Its vectors went with the guest.
 * @throws FileError if the state cannot be removed; the lines are restored by then
 */
export function releaseDomain(files: PseudoFs, state: DomainStates, uuid: string): Released {
  const released = new Released();
  const known = state.read(uuid);
  released.isStateUnreadable = !known && state.has(uuid);
  for (const line of known?.lines ?? []) {
    const result = restoreAffinity(files, line, (handlers) =>
      isGuests(handlers) ? 'not-ours' : movedLineChange(files, line, handlers),
    );
    released.add(line, result);
  }
  state.remove(uuid);
  return released;
}

/**
 * Why a line of a state must not be written; undefined: it may.
 * @param handlers as they are now
 * @throws FileError
 */
export function movedLineChange(files: PseudoFs, line: MovedLine, handlers: readonly string[]): KeptReason | undefined {
  const address = parseAddress(line.address ?? '');
  // the number alone may be any line's by now
  if (!address) return { code: 'device-unknown' };
  const { irq, input } = line;
  return lineChange(files, { irq, address, ...(input === undefined ? {} : { input }) }, handlers);
}

/** Another guest's by now: its own policy decides. */
const isGuests = (handlers: readonly string[]) => handlers.some(isVfioHandler);
