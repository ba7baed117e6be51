import { formatOwner } from '../host/process-owner.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { TokenBucket } from '../lib/token-bucket.js';

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
  readonly #budgets = new Map<string, TokenBucket>();

  /** Whether the files of a guest may be read. */
  hasTime(qemu: QemuProcess, now: number): boolean {
    return this.#budgets.get(formatOwner(qemu.owner))?.hasTokens(now) ?? true;
  }

  /** Root of the host and its libvirt are not limited. */
  charge({ owner, isOfLibvirt }: QemuProcess, cpuMs: number, now: number): void {
    if (cpuMs <= USUAL_MS || isOfLibvirt || owner.kind === 'host') return;
    const key = formatOwner(owner);
    if (this.#budgets.size >= MAX_KNOWN) this.#forget(now);
    const budget = this.#budgets.get(key) ?? new TokenBucket(LIMITS_MS);
    this.#budgets.set(key, budget);
    budget.take(cpuMs - USUAL_MS, now);
  }

  #forget(now: number): void {
    for (const [owner, budget] of this.#budgets) if (budget.hasTokens(now)) this.#budgets.delete(owner);
  }
}
