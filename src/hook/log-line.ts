import type { DomainPlan, InterruptPlan } from '../affinity/domain-plan.js';
import { formatCpuset } from '../domain/cpuset.js';
import type { JournalLine, JournalPriority } from '../lib/journald.js';
import { printableStart } from '../lib/printable.js';
import { type ProblemReport, problemReport } from '../report/problem-report.js';
import { reasonText } from '../report/reason-text.js';
import { summaryOf } from '../report/report.js';

/** In UTF-16 units: a domain may have hundreds of devices, and a name of any length. */
const MAX_LENGTH = 1000;

/** `guest: started: 3 set, 1 kept, 0 skipped, 0 failed; 0000:82:00.0: the host has no device 0000:82:00.0` */
export function logLine(priority: JournalPriority, name: string, phase: string, message: string): JournalLine {
  return { priority, text: printableStart(`${name}: ${phase}: ${message}`, MAX_LENGTH) };
}

/** The result of a pass: the number of interrupts per action, and the errors. */
export function passLine(name: string, phase: string, applied: DomainPlan): JournalLine {
  const { set, kept, skipped, failed } = summaryOf([applied]);
  const problems = problemTexts(applied, ({ severity }) => severity !== 'note');
  const wrong = [...new Set([...problems, ...failureTexts(applied)])];
  const message = [`${set} set, ${kept} kept, ${skipped} skipped, ${failed} failed`, ...wrong].join('; ');
  return logLine(wrong.length > 0 ? 'warning' : 'info', name, phase, message);
}

/** One line for each interrupt, for debugging. */
export function detailLines(name: string, phase: string, { devices }: DomainPlan): JournalLine[] {
  return devices.flatMap(({ address, policy, origin, interrupts }) =>
    interrupts.map(({ irq, affinity, target, action, reason }) => {
      const masks = `affinity ${affinity ? formatCpuset(affinity) : 'unknown'}, wanted ${target ? formatCpuset(target) : 'none'}`;
      const message = `${address} (${policy}, ${origin}): IRQ ${irq}: ${masks}: ${action}`;
      return logLine('debug', name, phase, reason ? `${message}: ${reasonText(reason)}` : message);
    }),
  );
}

/** The problems because of which a domain's policies cannot be enforced. */
export function errorTexts(plan: DomainPlan): string[] {
  return problemTexts(plan, ({ severity }) => severity === 'error');
}

function problemTexts({ problems, devices }: DomainPlan, isIncluded: (problem: ProblemReport) => boolean): string[] {
  const ofDevices = devices.flatMap((device) =>
    device.problems
      .map(problemReport)
      .filter(isIncluded)
      .map(({ message }) => `${device.address ?? device.element}: ${message}`),
  );
  const ofDomain = problems.map(problemReport).filter(isIncluded);
  return [...ofDomain.map(({ message }) => message), ...ofDevices];
}

function failureTexts({ devices }: DomainPlan): string[] {
  const failed = devices.flatMap(({ interrupts }) => interrupts.filter(({ action }) => action === 'fail'));
  return failed.map(({ irq, reason }: InterruptPlan) => `IRQ ${irq}: ${reason && reasonText(reason)}`);
}
