import type { InterruptPlan } from '../affinity/domain-plan.js';
import type { Reason } from '../affinity/reason.js';
import { type Cpuset, formatCpuset } from '../domain/cpuset.js';
import { printable } from '../lib/printable.js';

const WRITE_ERRORS: Readonly<Record<string, string>> = {
  EBUSY: 'the kernel is busy with it',
  EAGAIN: 'the kernel is busy with it',
  ENOSPC: 'these CPUs are out of interrupt vectors',
  EINVAL: 'the kernel rejects this mask for it',
  ENOENT: 'it went away',
  EPERM: 'the kernel manages it itself, or forbids the write',
  EIO: 'the kernel manages it itself',
  EACCES: 'no permission to write it: root is needed',
  EROFS: '/proc is mounted read-only here',
  ERANGE: 'the host has no such CPU',
  EOVERFLOW: 'the host has no such CPU',
};

/** What a report says in place of the CPUs of vCPUs if it knows none, by the reason. */
export const WITHOUT_CPUS = { unpinned: 'any CPU', numad: 'CPUs that numad chooses', unseen: 'unknown CPUs' } as const;

/** Printable text: names come from a document or the kernel. */
export function reasonText(reason: Reason): string {
  return printable(textOf(reason));
}

/** The texts after an interrupt's action: that it is posted, and the reason of the action. */
export function reasonTexts({ posting, reason }: InterruptPlan, withReason: boolean): string[] {
  const posted: Reason[] = posting.state === 'yes' ? [{ code: 'posted', vcpu: posting.vcpu }] : [];
  const reasons = withReason && reason !== null && reason.code !== 'posted' ? [reason] : [];
  return [...posted, ...reasons].map(reasonText);
}

function textOf(reason: Reason): string {
  switch (reason.code) {
    case 'native':
      return 'the policy is native';
    case 'cpuset-syntax':
      return 'its policy is invalid';
    case 'auto-unpinned':
      return 'the vCPUs may run on every CPU, so there is nothing to follow';
    case 'auto-unknown':
      return 'numad chooses the CPUs of the vCPUs when the domain starts';
    case 'vcpus-unknown':
      return 'the domain has none of the vCPUs of its policy';
    case 'vcpus-unseen':
      return 'no thread of QEMU shows where its vCPUs are';
    case 'none-online':
      return 'none of its CPUs is online';
    case 'none-allowed':
      return 'none of its CPUs is allowed by the configuration of this host';
    case 'no-handler':
      return 'no handler yet';
    case 'other-handler':
      return `its handler is ${reason.handlers.join(', ')}, not VFIO's for ${reason.address}`;
    case 'shared':
      return `shared with ${reason.others.join(', ')}`;
    case 'not-vfio':
      return reason.driver === undefined
        ? 'the device has no driver'
        : `the device's driver is ${reason.driver}, not VFIO`;
    case 'gone':
      return 'it went away';
    case 'other-vector':
      return `it is ${reason.handler} now`;
    case 'not-running':
      return 'no QEMU of this domain runs here';
    case 'qemu-hidden':
      return `cannot read /proc/${reason.pid} of QEMU: /proc is mounted with hidepid; the service needs CAP_SYS_PTRACE`;
    case 'unreadable':
      return `${reason.path} cannot be read`;
    case 'write-error':
      return WRITE_ERRORS[reason.error] ?? `the write failed: ${reason.error}`;
    case 'pending':
      return `${stillOn(reason.effective)}, until it next occurs`;
    case 'not-moved':
      return `${stillOn(reason.effective)}: it has not occurred since, or that CPU set is out of vectors`;
    case 'target-full':
      return `CPU ${formatCpuset(reason.target)} is out of interrupt vectors, so it has the rest of the set`;
    case 'delivered-elsewhere':
      return `delivered to CPU ${formatCpuset(reason.effective)} nevertheless: that CPU set may be out of vectors`;
    case 'other-mask':
      return `the kernel changed it to ${formatCpuset(reason.affinity)}`;
    case 'posted':
      return `posted to ${reason.vcpu === null ? 'a vCPU' : `vCPU ${reason.vcpu}`}: its affinity has no effect`;
    case 'retry-later':
      return 'it is tried again later';
    case 'contested':
      return 'another program keeps moving it';
  }
}

function stillOn(effective: Cpuset): string {
  return `still delivered to CPU ${formatCpuset(effective)}`;
}
