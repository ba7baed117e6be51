import { formatMask } from '../domain/cpu-mask.js';
import { type Cpuset, EMPTY, equal } from '../domain/cpuset.js';
import { FileError, type WritableFile } from '../host/pseudo-fs.js';

/**
 * refused: the check right before the write found a reason; failed: the kernel returned an error. `part`: CPUs that
 * were written all the same, before the error.
 */
export type WriteResult<R> =
  | { outcome: 'written' }
  | { outcome: 'refused'; reason: R }
  | { outcome: 'failed'; error: FileError; part?: Cpuset };

/**
 * The only place that writes smp_affinity.
 * @param mask opened by openMask() before `verify` is called, so that an interrupt that gets the number after the check
 *   is not written
 * @param verify the last check before the write; returns why the interrupt must not be written, undefined: it may be
 * @param first a part of the CPUs that is written before them: the kernel moves an interrupt to any CPU of a mask, but
 *   leaves it where it is if the mask contains that CPU (x86: apic_set_affinity). So it stays on this part
 * @throws FileError of `verify`
 */
export function writeAffinity<R>(
  mask: WritableFile,
  cpus: Cpuset,
  verify: () => R | undefined,
  first: Cpuset = EMPTY,
): WriteResult<R> {
  const text = maskText(cpus);
  const firstText = first.length > 0 && !equal(first, cpus) ? maskText(first) : undefined;
  const reason = verify();
  if (reason !== undefined) return { outcome: 'refused', reason };
  let part: Cpuset | undefined;
  try {
    if (firstText !== undefined && writePart(mask, firstText)) part = first;
    mask.write(text);
    return { outcome: 'written' };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { outcome: 'failed', error, ...(part ? { part } : {}) };
  }
}

/** The kernel's errors if no CPU has a free vector, and if none is online any more. */
const NO_CPU: ReadonlySet<string> = new Set(['ENOSPC', 'EINVAL']);

/** False if none of its CPUs can take the interrupt, which stays where it is. */
function writePart(mask: WritableFile, text: string): boolean {
  try {
    mask.write(text);
    return true;
  } catch (error) {
    if (!(error instanceof FileError && NO_CPU.has(error.code))) throw error;
    return false;
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
