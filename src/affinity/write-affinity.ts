import { formatMask } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import { FileError, type WritableFile } from '../host/pseudo-fs.js';

/** refused: the check right before the write found a reason; failed: the kernel returned an error. */
export type WriteResult<R> =
  | { outcome: 'written' }
  | { outcome: 'refused'; reason: R }
  | { outcome: 'failed'; error: FileError };

/**
 * The only place that writes smp_affinity.
 * @param mask opened by openMask() before `verify` is called, so that an interrupt that gets the number after the check
 *   is not written
 * @param verify the last check before the write; returns why the interrupt must not be written, undefined: it may be
 * @throws FileError of `verify`
 */
export function writeAffinity<R>(mask: WritableFile, cpus: Cpuset, verify: () => R | undefined): WriteResult<R> {
  const text = maskText(cpus);
  const reason = verify();
  if (reason !== undefined) return { outcome: 'refused', reason };
  try {
    mask.write(text);
    return { outcome: 'written' };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { outcome: 'failed', error };
  }
}

/** Thousands of interrupts are written with the same set. */
const texts = new WeakMap<Cpuset, string>();

function maskText(cpus: Cpuset): string {
  const known = texts.get(cpus);
  if (known !== undefined) return known;
  const text = `${formatMask(cpus)}\n`;
  texts.set(cpus, text);
  return text;
}
