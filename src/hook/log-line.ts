import { type DomainReport, enforceReport, type InterruptReport, type Problem } from '../affinity/report.js';
import type { JournalLine, JournalPriority } from '../lib/journald.js';
import { printable } from '../lib/printable.js';

/** A domain may have hundreds of devices, and a name of any length. */
const MAX_LENGTH = 1000;

/** `guest: started: 3 set, 1 kept, 0 skipped, 0 failed; 0000:82:00.0: the host has no device 0000:82:00.0` */
export function logLine(priority: JournalPriority, name: string, phase: string, message: string): JournalLine {
  const text = printable(`${name}: ${phase}: ${message}`);
  return { priority, text: text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text };
}

/** What a pass did: how much, and what went wrong. */
export function passLine(name: string, phase: string, report: DomainReport): JournalLine {
  const { set, kept, skipped, failed } = enforceReport([report]).summary;
  const wrong = [...new Set([...troubles(report), ...failures(report)])];
  const said = [`${set} set, ${kept} kept, ${skipped} skipped, ${failed} failed`, ...wrong].join('; ');
  return logLine(wrong.length > 0 ? 'warning' : 'info', name, phase, said);
}

/** A line an interrupt, for who looks into it. */
export function detailLines(name: string, phase: string, { devices }: DomainReport): JournalLine[] {
  return devices.flatMap(({ address, policy, origin, interrupts }) =>
    interrupts.map((interrupt) => {
      const { affinity, wanted, action, reason } = interrupt;
      const masks = `affinity ${affinity ?? 'unknown'}, wanted ${wanted ?? 'none'}`;
      const said = `${address} (${policy}, ${origin}): ${numberOf(interrupt)}: ${masks}: ${action}`;
      return logLine('debug', name, phase, reason ? `${said}: ${reason}` : said);
    }),
  );
}

/** What keeps a domain's policies from being enforced. */
export function errorsOf(report: DomainReport): string[] {
  return problemsOf(report, ({ severity }) => severity === 'error');
}

function troubles(report: DomainReport): string[] {
  return problemsOf(report, ({ severity }) => severity !== 'note');
}

function problemsOf({ problems, devices }: DomainReport, which: (problem: Problem) => boolean): string[] {
  const ofDevices = devices.flatMap((device) =>
    device.problems.filter(which).map(({ message }) => `${device.address ?? device.element}: ${message}`),
  );
  return [...problems.filter(which).map(({ message }) => message), ...ofDevices];
}

function failures({ devices }: DomainReport): string[] {
  const failed = devices.flatMap(({ interrupts }) => interrupts.filter(({ action }) => action === 'fail'));
  return failed.map((interrupt) => `${numberOf(interrupt)}: ${interrupt.reason}`);
}

const numberOf = ({ irq }: InterruptReport) => `IRQ ${irq}`;
