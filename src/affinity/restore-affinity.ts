import { formatMask, parseCpuList } from '../domain/cpu-mask.js';
import { isSubset } from '../domain/cpuset.js';
import { openMask, readInterrupt } from '../host/interrupt.js';
import type { PseudoFs } from '../host/pseudo-fs.js';

/** An interrupt that was moved: CPU lists of the mask that it had, and of ours. */
export interface MovedInterrupt {
  irq: number;
  before: string;
  cpus: string;
}

/**
 * Gives an interrupt the mask back that it had, if ours still stands there, or what the kernel has shrunk it to.
 * @param mayHave by its handlers as they are now
 * @returns whether it was written
 * @throws FileError
 */
export function restoreAffinity(
  files: PseudoFs,
  { irq, before, cpus }: MovedInterrupt,
  mayHave: (handlers: readonly string[]) => boolean,
): boolean {
  const ours = parseCpuList(cpus);
  const had = parseCpuList(before);
  if (!ours || !had || had.length === 0) return false;
  // opened before it is looked at: what has its number since is not written
  const file = openMask(files, irq);
  try {
    const now = readInterrupt(files, irq);
    if (!now || !isSubset(now.affinity, ours) || !mayHave(now.handlers)) return false;
    file.write(`${formatMask(had)}\n`);
    return true;
  } finally {
    file.close();
  }
}
