import type { Cpuset } from '../domain/cpuset.js';
import type { NotOwned } from '../host/vfio-handlers.js';

/** Why a policy gives a device's interrupts no CPUs. */
export type NoTarget =
  | { code: 'native' }
  | { code: 'cpuset-syntax' }
  | { code: 'auto-unpinned' }
  | { code: 'auto-unknown' }
  | { code: 'vcpus-unknown' }
  | { code: 'vcpus-unseen' }
  | { code: 'none-online' }
  | { code: 'none-allowed' };

/** No QEMU process of the domain was seen: it does not run, or hidepid hides the process `pid` that libvirt names. */
export type NotSeen = { code: 'not-running' } | { code: 'qemu-hidden'; pid: number };

/** Why an interrupt must not be written; found right before the write. */
export type Refusal =
  | NotOwned
  | { code: 'not-vfio'; driver: string | undefined }
  | { code: 'gone' }
  | { code: 'other-vector'; handler: string }
  | NotSeen;

/** Why an interrupt is not written, or not delivered as wanted: report/reason-text.ts has the texts. */
export type Reason =
  | NoTarget
  | Refusal
  | { code: 'unreadable'; path: string }
  | { code: 'write-error'; error: string }
  /** without interrupt remapping the kernel moves an interrupt only when it next occurs (kernel: irq_move_pending) */
  | { code: 'pending'; effective: Cpuset }
  | { code: 'not-moved'; effective: Cpuset }
  /** the target is out of vectors: the interrupt has the rest of the set */
  | { code: 'target-full'; target: Cpuset }
  /** if the mask is out of vectors, the kernel delivers outside of it without an error */
  | { code: 'delivered-elsewhere'; effective: Cpuset }
  | { code: 'other-mask'; affinity: Cpuset }
  /** to this vCPU; null: unknown which. A write may end the posting (kernel: before 6.15, Intel) */
  | { code: 'posted'; vcpu: number | null }
  /** from the watcher: an earlier write has failed; another program keeps moving the interrupt */
  | { code: 'retry-later' }
  | { code: 'contested' };
