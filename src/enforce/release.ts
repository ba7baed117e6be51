import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { isSubset } from '../domain/cpuset.js';
import type { DomainState, DomainStates } from '../host/domain-state.js';
import { FileError, type Files } from '../host/files.js';
import { readInterrupt } from '../host/interrupt.js';

/**
 * A domain has ended and its devices are back with the host: its legacy lines, which other devices may share one day, get back
 * the mask that they had, if ours still stands there; then its state goes. Its vectors went with the guest.
 * @throws FileError where the state cannot be removed; the lines are restored by then
 */
export function releaseDomain(files: Files, state: DomainStates, uuid: string): void {
  for (const line of state.read(uuid)?.lines ?? []) {
    try {
      restore(files, line);
    } catch (error) {
      if (!(error instanceof FileError)) throw error; // the line went, or refuses: nothing of ours is left to undo
    }
  }
  state.remove(uuid);
}

function restore(files: Files, { irq, before, cpus }: DomainState['lines'][number]): void {
  const now = readInterrupt(files, irq);
  const ours = parseCpuList(cpus);
  const had = parseCpuList(before);
  // the host's driver, requesting the line again, may have shrunk the mask to its node: a subset is still ours
  if (!now || !ours || !had || had.length === 0 || !isSubset(now.affinity, ours)) return;
  // another guest's by now: its own policy decides
  if (now.handlers.some((handler) => handler.startsWith('vfio-'))) return;
  files.write(`/proc/irq/${irq}/smp_affinity`, `${formatMask(had)}\n`);
}
