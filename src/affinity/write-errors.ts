/**
 * transient: try again soon; exhausted: try again later, with growing delays, as vectors may become free; impossible:
 * report once; gone: nothing to do.
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
 * Returned for an interrupt that goes away during the write, whose number may soon be in use again; EINVAL also while
 * no CPU of the mask is online. Some interrupts always return them: GICv4 vLPIs and VMD EINVAL, and before 6.12 managed
 * interrupts EIO.
 */
const UNCERTAIN: ReadonlySet<string> = new Set(['EINVAL', 'EIO']);

/** So many consecutive failures are no coincidence. */
export const PERSISTENT_FAILURES = 5;

/**
 * The meaning of an error code from a write to smp_affinity, for the next step.
 * @param failures consecutive failures with this code, including the last one
 */
export function errorKind(code: string, failures = 1): ErrorKind {
  if (UNCERTAIN.has(code)) return failures < PERSISTENT_FAILURES ? 'transient' : 'impossible';
  return KINDS[code] ?? 'impossible';
}

/** Whether another attempt a few milliseconds later may succeed. */
export function mayPassSoon(code: string): boolean {
  return errorKind(code) === 'transient';
}
