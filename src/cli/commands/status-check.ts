import { plainMessage } from '../../lib/errno.js';
import { isExpected, ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { faultsOf, unseenOf } from '../../report/check.js';
import { EXIT, type Io } from '../io.js';
import { StatusReader, statusReport } from '../status/status-reader.js';
import type { StatusOptions } from './status.js';

/**
 * `status --check`: prints one line with the overall result; returns the exit status. Monitoring systems show standard
 * output, so errors that prevent the check are printed there.
 */
export function checkStatus(options: StatusOptions, io: Io): number {
  try {
    return check(options, io);
  } catch (error) {
    if (!isExpected(error)) throw error;
    io.stdout.write(checkLine('FAILED', plainMessage(error)));
    return EXIT.failed;
  }
}

function check(options: StatusOptions, io: Io): number {
  if (options.root === undefined && io.userId() !== 0)
    throw new ToolError('status --check needs root: only root can see whether a watcher runs');
  const status = new StatusReader({ ...options, counts: false }, io).read();
  io.stderr.write(status.complaint);
  const report = statusReport(status);
  const faults = faultsOf(report, options.domains.length + options.paths.length > 0);
  const guests = report.domains.filter(({ devices }) => devices.length > 0).length;
  io.stdout.write(resultLine(faults, { inPlace: report.summary.kept, guests, unseen: unseenOf(report) }));
  return faults.length > 0 ? EXIT.findings : EXIT.ok;
}

export interface CheckedHosts {
  /** number of interrupts in place */
  inPlace: number;
  guests: number;
  /** what could not be seen */
  unseen: readonly string[];
}

/** The line of the result, with its end. */
export function resultLine(faults: readonly string[], { inPlace, guests, unseen }: CheckedHosts): string {
  if (faults.length > 0) return checkLine('PROBLEM', [...faults, ...unseen].join('; '));
  const placed = `${inPlace} interrupt${inPlace === 1 ? '' : 's'} of ${guests} guest${guests === 1 ? '' : 's'} in place`;
  return checkLine('OK', [placed, ...unseen].join('; '));
}

/** A line for monitoring systems. Nagios would take the text after a `|`, such as in a name, for performance data. */
export function checkLine(word: 'OK' | 'PROBLEM' | 'FAILED', text: string): string {
  return `${word}: ${printable(text).replaceAll('|', '¦')}\n`;
}
