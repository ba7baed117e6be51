/**
 * transient: try again soon; exhausted: try again later, with growing delays, for what is missing may come back;
 * impossible: report once; gone: nothing to do.
 */
export type ErrorKind = 'transient' | 'exhausted' | 'impossible' | 'gone';

/** Kernel sources: kernel/irq/proc.c and manage.c, arch/x86/kernel/apic/vector.c. */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  EBUSY: 'transient',
  EAGAIN: 'transient',
  ENOSPC: 'exhausted',
  ENOENT: 'gone',
};

/**
 * Of an interrupt that went away during the write, whose number may be back soon; EINVAL also while no CPU of the mask
 * is online. But some always answer so: GICv4 vLPIs and VMD with EINVAL, before 6.12 managed interrupts with EIO.
 */
const UNCERTAIN: ReadonlySet<string> = new Set(['EINVAL', 'EIO']);

/** As many failures in a row are no coincidence. */
export const PERSISTENT_FAILURES = 5;

/**
 * What the error code of a write to smp_affinity means for what is done next. @param failures in a row with this code,
 * the last included
 */
export function errorKind(code: string, failures = 1): ErrorKind {
  if (UNCERTAIN.has(code)) return failures < PERSISTENT_FAILURES ? 'transient' : 'impossible';
  return KINDS[code] ?? 'impossible';
}

/** Whether another attempt a few milliseconds later may succeed. */
export function mayPassSoon(code: string): boolean {
  return errorKind(code) === 'transient';
}
