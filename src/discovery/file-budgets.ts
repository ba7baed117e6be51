import { formatOwner } from '../host/process-owner.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { TokenBuckets } from '../lib/token-buckets.js';

/** CPU time that is not counted: the files of a guest with eight devices take 5 ms. */
const USUAL_MS = 20;
/** CPU time beyond that, of one owner. */
const LIMITS_MS = { capacity: 1000, perSecond: 4 };
const MAX_KNOWN = 1024;

/**
 * Limits the CPU time for the files of each owner's guests. Each guest has a limit of its own, too, but whoever starts
 * guests again and again would have a new one for each.
 */
export class FileBudgets {
  readonly #budgets = new TokenBuckets(LIMITS_MS, MAX_KNOWN);

  /** Whether the files of a guest may be read. */
  hasTime(qemu: QemuProcess, now: number): boolean {
    return this.#budgets.hasTokens(formatOwner(qemu.owner), now);
  }

  /** Root of the host and its libvirt are not limited. */
  charge({ owner, isOfLibvirt }: QemuProcess, cpuMs: number, now: number): void {
    if (cpuMs <= USUAL_MS || isOfLibvirt || owner.kind === 'host') return;
    this.#budgets.take(formatOwner(owner), cpuMs - USUAL_MS, now);
  }
}
