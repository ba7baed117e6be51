/**
 * transient: try again at once; exhausted: try again later, with growing delays, for what is missing may come back; impossible: report
 * once; gone: nothing to do.
 */
export type ErrorKind = 'transient' | 'exhausted' | 'impossible' | 'gone';

/** Kernel sources: kernel/irq/proc.c and manage.c, arch/x86/kernel/apic/vector.c. Before 6.12 a managed interrupt gave EIO. */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  EBUSY: 'transient',
  EAGAIN: 'transient',
  ENOSPC: 'exhausted',
  // no CPU of the mask is online: one may come back before the watcher reads which are
  EINVAL: 'exhausted',
  ENOENT: 'gone',
};

/** What the error code of a write to smp_affinity means for what is done next. */
export function errorKind(code: string): ErrorKind {
  return KINDS[code] ?? 'impossible';
}

/**
 * Whether another attempt at once may succeed. EIO and EINVAL are also the answers for an interrupt that went away during the write (it has
 * no CPU, or no chip, any more), and its number may be back soon.
 */
export function isWorthRetrying(code: string): boolean {
  return code === 'EIO' || code === 'EINVAL' || errorKind(code) === 'transient';
}
