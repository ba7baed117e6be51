import { parseAddress } from '../domain/address.js';
import { lineObjection } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import type { DomainStates, MovedLine } from '../runtime/domain-state.js';
import { restoreAffinity } from './restore-affinity.js';

/** What became of the legacy lines of a domain that has ended. */
export interface Released {
  /** how many have again the affinity that they had */
  restored: number;
  /** one text for each that may have ours still and is not written, with the reason */
  left: string[];
}

/**
 * A domain has ended and its devices are back with the host: its legacy lines, which other devices may share one day, get back
 * the mask that they had, if ours still stands there and the number still is that line's; then its state goes. Its vectors went with the
 * guest.
 * @throws FileError where the state cannot be removed; the lines are restored by then
 */
export function releaseDomain(files: PseudoFs, state: DomainStates, uuid: string): Released {
  const released: Released = { restored: 0, left: [] };
  const known = state.read(uuid);
  if (!known && state.has(uuid)) released.left.push('legacy lines keep their affinity: the state cannot be read');
  for (const line of known?.lines ?? []) {
    const result = restoreAffinity(files, line, (handlers) =>
      isGuests(handlers) ? null : lineOfStateObjection(files, line, handlers),
    );
    if (result.outcome === 'restored') released.restored++;
    if (result.outcome === 'left') released.left.push(leftAlone(line, result.reason));
  }
  state.remove(uuid);
  return released;
}

/**
 * Why a line of a state may not be written; undefined where it may.
 * @param handlers as they are now
 * @throws FileError
 */
export function lineOfStateObjection(
  files: PseudoFs,
  line: MovedLine,
  handlers: readonly string[],
): string | undefined {
  const address = parseAddress(line.address ?? '');
  // a number alone may be anybody's by now
  if (!address) return 'the state, of an older version, does not say which device it was of';
  const { irq, input } = line;
  return lineObjection(files, { irq, address, ...(input === undefined ? {} : { input }) }, handlers);
}

/** `IRQ 16 of 0000:06:00.0 keeps its affinity: REASON` */
export function leftAlone({ irq, address }: Pick<MovedLine, 'irq' | 'address'>, reason: string): string {
  return `IRQ ${irq}${address === undefined ? '' : ` of ${address}`} keeps its affinity: ${reason}`;
}

/** Another guest's by now: its own policy decides. */
const isGuests = (handlers: readonly string[]) => handlers.some((handler) => handler.startsWith('vfio-'));
