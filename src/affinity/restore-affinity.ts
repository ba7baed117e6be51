import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { isSubset } from '../domain/cpuset.js';
import { openMask, readHandlers, readInterrupt } from '../host/interrupt.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';

/** An interrupt that was moved: CPU lists of the mask that it had, and of ours. */
export interface MovedInterrupt {
  irq: number;
  before: string;
  cpus: string;
}

/** `nothing`: our mask does not stand there any more; `left`: it may, but the interrupt is not written, with the reason. */
export type GivenBack = { outcome: 'restored' } | { outcome: 'nothing' } | { outcome: 'left'; reason: string };

const NOTHING: GivenBack = { outcome: 'nothing' };

/**
 * Gives an interrupt the mask back that it had, if ours still stands there, or what the kernel has shrunk it to.
 * @param objection why it may not be written, by its handlers as they are now; null: it is another guest's, whose policy decides;
 * undefined where it may be written. May throw FileError, which leaves it alone
 */
export function restoreAffinity(
  files: PseudoFs,
  { irq, before, cpus }: MovedInterrupt,
  objection: (handlers: readonly string[]) => string | null | undefined,
): GivenBack {
  const ours = parseCpuList(cpus);
  const had = parseCpuList(before);
  if (!ours || !had || had.length === 0) return NOTHING;
  // opened before it is looked at: what has its number since is not written
  const file = openMask(files, irq);
  try {
    const now = readInterrupt(files, irq);
    if (!now || !isSubset(now.affinity, ours)) return NOTHING;
    const reason = objection(now.handlers);
    if (reason === null) return NOTHING;
    if (reason !== undefined) return { outcome: 'left', reason };
    // nothing stands between this and the write
    if (readHandlers(files, irq).join() !== now.handlers.join()) return { outcome: 'left', reason: CHANGED };
    file.write(`${formatMask(had)}\n`);
    return { outcome: 'restored' };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code === 'ENOENT' ? NOTHING : { outcome: 'left', reason: error.message };
  } finally {
    file.close();
  }
}

const CHANGED = 'its handlers are changing';
