import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { DomainStates } from '../runtime/domain-state.js';
import { restoreAffinity } from './restore-affinity.js';

/**
 * A domain has ended and its devices are back with the host: its legacy lines, which other devices may share one day, get back
 * the mask that they had, if ours still stands there; then its state goes. Its vectors went with the guest.
 * @throws FileError where the state cannot be removed; the lines are restored by then
 */
export function releaseDomain(files: PseudoFs, state: DomainStates, uuid: string): void {
  for (const line of state.read(uuid)?.lines ?? []) {
    try {
      restoreAffinity(files, line, (handlers) => !isGuests(handlers));
    } catch (error) {
      if (!(error instanceof FileError)) throw error; // the line went, or refuses: nothing of ours is left to undo
    }
  }
  state.remove(uuid);
}

/** Another guest's by now: its own policy decides. */
const isGuests = (handlers: readonly string[]) => handlers.some((handler) => handler.startsWith('vfio-'));
