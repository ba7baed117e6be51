import type { Problem } from '../affinity/problems.js';
import { describeShift } from '../domain/address-shift.js';
import { formatCpuset } from '../domain/cpuset.js';
import { formatIdentity } from '../domain/identity.js';
import type { OtherOwner } from '../host/device-owners.js';
import { printable } from '../lib/printable.js';
import type { Severity } from '../lint/rule.js';
import { reasonText } from './reason-text.js';

/** A problem in a report; its message is printable. */
export interface ProblemReport {
  rule: string;
  severity: Severity;
  message: string;
}

const SEVERITIES: Record<Problem['rule'], Severity> = {
  'metadata-syntax': 'error',
  'entry-stale': 'warning',
  'address-shifted': 'warning',
  'cpuset-syntax': 'error',
  'policy-invalid': 'error',
  'no-device-yet': 'note',
  'device-absent': 'error',
  'duplicate-device': 'error',
  'device-unreadable': 'error',
  'device-conflict': 'error',
  'open-devices-unread': 'note',
  'not-vfio': 'error',
  'foreign-handler': 'error',
  'shared-line': 'note',
  'remote-node': 'warning',
  'auto-unknown': 'note',
  'auto-unpinned': 'warning',
  'not-running': 'error',
  'qemu-hidden': 'error',
  'vcpus-unseen': 'warning',
  'vcpus-unknown': 'error',
  'spread-unseen': 'warning',
  'cpus-left-out': 'note',
  'no-usable-cpu': 'error',
  'policy-not-allowed': 'warning',
  'guest-xml-unreadable': 'warning',
  'device-not-open': 'note',
};

export function problemReport(problem: Problem): ProblemReport {
  const { rule } = problem;
  const isElsewhere = rule === 'shared-line' && problem.elsewhere !== null;
  const severity = isElsewhere ? 'warning' : SEVERITIES[rule];
  return { rule, severity, message: printable(messageOf(problem)) };
}

function conflictText({ name, pid, evidence, unreadable }: OtherOwner): string {
  if (evidence === 'open') return `the device belongs to domain ${name}, whose QEMU (pid ${pid}) has it open`;
  const why = unreadable
    ? `which QEMU has it open is unknown (${unreadable} cannot be read)`
    : 'no QEMU is seen to have it open';
  return `domain ${name} (pid ${pid}) already names the device; ${why}`;
}

/** What to do about a shared line on other CPUs than wanted. */
function remedyOf(elsewhere: (Problem & { rule: 'shared-line' })['elsewhere']): string {
  if (!elsewhere) return '';
  const cpus = formatCpuset(elsewhere.wanted);
  const place = `echo ${cpus} > /proc/irq/${elsewhere.irq}/smp_affinity_list`;
  return `, and not on CPU ${cpus}; let the guest's driver use MSI, put the device in another slot, or place the line for all of them: ${place}`;
}

function messageOf(problem: Problem): string {
  switch (problem.rule) {
    case 'metadata-syntax': {
      const { identity, message } = problem;
      return identity ? `the entry for ${formatIdentity(identity)}: ${message}` : message;
    }
    case 'entry-stale':
      return `the entry for ${formatIdentity(problem.identity)} matches no device of the domain`;
    case 'address-shifted':
      return describeShift(problem.address, problem.shift);
    case 'cpuset-syntax':
    case 'policy-invalid':
      return `${problem.attribute} ${problem.message}`;
    case 'no-device-yet':
      return problem.element === 'interface' ? 'its device is chosen when the domain starts' : 'it names no device';
    case 'device-absent':
      return `the host has no device ${problem.address}`;
    case 'duplicate-device':
      return `the definition names ${problem.address} more than once`;
    case 'device-unreadable':
      return `${problem.path} cannot be read: ${problem.error}`;
    case 'device-conflict':
      return conflictText(problem.owner);
    case 'open-devices-unread':
      return `${problem.path} cannot be read (${problem.error}): whether QEMU has the devices open is unknown`;
    case 'not-vfio':
      return `the domain is running, but ${reasonText({ code: problem.rule, driver: problem.driver })}: its interrupts are not placed`;
    case 'foreign-handler':
      return `the domain is running, but not all interrupts of the device are placed: ${reasonText(problem.reason)}`;
    case 'shared-line':
      return `its INTx line is not placed: ${reasonText(problem.reason)}${remedyOf(problem.elsewhere)}`;
    case 'remote-node': {
      const { cpus, nodes, isAll } = problem.remote;
      const which = isAll ? 'its CPUs' : `some of its CPUs (${formatCpuset(cpus)})`;
      return `the device is on node ${problem.node}, ${which} are on node ${nodes.join(',')}`;
    }
    case 'auto-unknown':
    case 'auto-unpinned':
      return reasonText({ code: problem.rule });
    case 'not-running':
      return `${reasonText({ code: problem.rule })}: nothing is written`;
    case 'qemu-hidden':
      return `${reasonText({ code: problem.rule, pid: problem.pid })}: nothing is written`;
    case 'vcpus-unseen':
      return `QEMU (pid ${problem.pid}) has no thread with the name of a vCPU: ${
        problem.isPinned ? 'auto follows the vCPU pinning in the definition' : 'auto places nothing'
      }`;
    case 'vcpus-unknown':
      return `the domain has no vCPU ${formatCpuset(problem.vcpus)} at present: nothing is written`;
    case 'spread-unseen':
      return `QEMU (pid ${problem.pid}) has no thread for each vCPU: spread gives each vector the whole set`;
    case 'cpus-left-out':
      return `CPU ${formatCpuset(problem.left)} of ${formatCpuset(problem.asked)} left out: not online, or not allowed by the configuration of this host`;
    case 'no-usable-cpu':
      return `${formatCpuset(problem.asked)}: ${reasonText({ code: problem.because })}`;
    case 'policy-not-allowed':
      return problem.because === 'no-scope'
        ? `its own policies are not followed: no scope of this host's configuration is for ${problem.owner}`
        : `its lists of CPUs are not followed: its scope in this host's configuration names no CPUs`;
    case 'guest-xml-unreadable':
      return `its own policies are unknown: ${problem.path} of the guest: ${problem.reason}`;
    case 'device-not-open':
      return `its definition names ${problem.address}, which its QEMU does not have open: ignored`;
  }
}
