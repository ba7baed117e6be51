import { messageOf } from '../../lib/errno.js';
import { isExpected, ToolError } from '../../lib/errors.js';
import { faultsOf } from '../../report/check.js';
import { EXIT, errorLine, type Io } from '../io.js';
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
    io.stdout.write(errorLine('FAILED', messageOf(error)));
    return EXIT.failed;
  }
}

function check(options: StatusOptions, io: Io): number {
  if (options.root === undefined && io.userId() !== 0)
    throw new ToolError('status --check needs root: only root can see whether a watcher runs');
  const status = new StatusReader({ ...options, counts: false }, io).read();
  io.stderr.write(status.complaint);
  const report = statusReport(status);
  const faults = faultsOf(report);
  const guests = report.domains.filter(({ devices }) => devices.length > 0).length;
  io.stdout.write(`${checkLine(faults, report.summary.kept, guests)}\n`);
  return faults.length > 0 ? EXIT.findings : EXIT.ok;
}

/**
 * The line of the result.
 * @param inPlace number of interrupts in place
 */
export function checkLine(faults: readonly string[], inPlace: number, guests: number): string {
  if (faults.length > 0) return `PROBLEM: ${faults.join('; ')}`;
  return `OK: ${inPlace} interrupt${inPlace === 1 ? '' : 's'} of ${guests} guest${guests === 1 ? '' : 's'} in place`;
}
