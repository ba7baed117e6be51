import { parseAddress } from '../domain/address.js';
import { lineChange } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { isVfioHandler } from '../host/vfio-handlers.js';
import type { DomainStates, MovedLine } from '../runtime/domain-state.js';
import { type KeptReason, type RestoreResult, restoreAffinity } from './restore-affinity.js';

/** An interrupt that may still have our affinity and is not restored. */
export interface KeptInterrupt {
  irq: number;
  /** of its device; absent: unknown */
  address?: string;
  reason: KeptReason;
}

/** Results of a restore. */
export class Released {
  restored = 0;
  readonly kept: KeptInterrupt[] = [];
  /** true: the state cannot be read, so the moved legacy lines are unknown */
  isStateUnreadable = false;

  add({ irq, address }: Pick<KeptInterrupt, 'irq' | 'address'>, result: RestoreResult): void {
    if (result.outcome === 'restored') this.restored++;
    if (result.outcome !== 'kept') return;
    this.kept.push({ irq, ...(address === undefined ? {} : { address }), reason: result.reason });
  }
}

/**
 * Called when a domain has ended and the host has its devices again. Restores its legacy lines, which other devices may
 * share later, if they still have our mask and the number still belongs to the line. Then removes its state. Its
 * vectors no longer exist.
 * @throws FileError if the state cannot be removed; the lines have been restored then
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
 * Why a line of a state must not be written; undefined: it may be written.
 * @param handlers as they are now
 * @throws FileError
 */
export function movedLineChange(files: PseudoFs, line: MovedLine, handlers: readonly string[]): KeptReason | undefined {
  const address = parseAddress(line.address ?? '');
  // the number alone does not identify the line: another one may have it by now
  if (!address) return { code: 'device-unknown' };
  const { irq, input } = line;
  return lineChange(files, { irq, address, ...(input === undefined ? {} : { input }) }, handlers);
}

/** Another guest has the line now: its policy decides. */
const isGuests = (handlers: readonly string[]) => handlers.some(isVfioHandler);
