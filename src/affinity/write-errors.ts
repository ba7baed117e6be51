import type { Action } from './report.js';

/** transient: try again at once; exhausted: later, less and less often, for what it takes may come back; impossible: report once; gone: nothing to do */
export type ErrorKind = 'transient' | 'exhausted' | 'impossible' | 'gone';

/** What an error of a write to smp_affinity means for what is done next. */
export interface Treatment {
  kind: ErrorKind;
  action: Action;
  reason: string;
}

/** kernel/irq/proc.c and manage.c, arch/x86/kernel/apic/vector.c; before 6.12 a managed interrupt gave EIO. */
const TREATMENTS: Record<string, Treatment> = {
  EBUSY: { kind: 'transient', action: 'fail', reason: 'the kernel is busy with it' },
  EAGAIN: { kind: 'transient', action: 'fail', reason: 'the kernel is busy with it' },
  ENOSPC: { kind: 'exhausted', action: 'fail', reason: 'these CPUs are out of interrupt vectors' },
  // no CPU of the mask is online: one may come back, and unseen, before it is looked which are
  EINVAL: { kind: 'exhausted', action: 'fail', reason: 'the kernel takes no such mask for it' },
  ENOENT: { kind: 'gone', action: 'skip', reason: 'it went away' },
  EPERM: { kind: 'impossible', action: 'fail', reason: 'the kernel manages it itself, or forbids the write' },
  EIO: { kind: 'impossible', action: 'fail', reason: 'the kernel manages it itself' },
  EACCES: { kind: 'impossible', action: 'fail', reason: 'no permission to write it: root is needed' },
  EROFS: { kind: 'impossible', action: 'fail', reason: '/proc is mounted read-only here' },
  ERANGE: { kind: 'impossible', action: 'fail', reason: 'the host has no such CPU' },
  EOVERFLOW: { kind: 'impossible', action: 'fail', reason: 'the host has no such CPU' },
};

/**
 * Whether the next try may meet something else: EIO and EINVAL are answers, too, for an interrupt that went while it was written (it has no
 * CPU, or no chip, any more), and its number may be back as soon.
 */
export function isWorthAnotherTry(code: string): boolean {
  return code === 'EIO' || code === 'EINVAL' || treatmentOf(code).kind === 'transient';
}

export function treatmentOf(code: string): Treatment {
  return TREATMENTS[code] ?? { kind: 'impossible', action: 'fail', reason: `the write failed: ${code}` };
}
