import { setTimeout as sleep } from 'node:timers/promises';
import type { EnforceReport } from '../../affinity/report.js';
import { isExpected } from '../../lib/errors.js';
import { type Rates, ratesBetween } from '../../report/rates.js';
import { formatReport } from '../../report/text-report.js';
import { colorsFor } from '../colors.js';
import type { EnforceOptions } from '../host/domain-source.js';
import { EXIT, type Io } from '../io.js';
import { showOnScreen } from '../status/screen.js';
import { StatusPoller } from '../status/status-poller.js';
import { watcherLines } from '../status/watcher-line.js';

interface Poll {
  report: EnforceReport;
  rates: Rates;
  /** errors, as text; the report is then the previous one */
  complaint: string;
}

/**
 * `status --watch`: on a terminal a screen that is refreshed, with rates; elsewhere a block for each poll, as `top -b` prints, until the
 * output is closed or a signal ends it. @throws as the first poll does
 */
export async function watchStatus(options: EnforceOptions, seconds: number, io: Io): Promise<number> {
  const poller = new StatusPoller(options, io);
  let now = poller.now();
  let poll: Poll = { report: poller.poll(), rates: new Map(), complaint: poller.complaint };
  const refresh = () => {
    const then = now;
    try {
      const report = poller.poll();
      now = poller.now();
      poll = { report, rates: ratesBetween(poll.report, report, (now - then) / 1000), complaint: poller.complaint };
    } catch (error) {
      if (!isExpected(error)) throw error;
      now = poller.now();
      poll = { report: poll.report, rates: new Map(), complaint: `hostdev-cpuset: ${error.message}\n` };
    }
  };
  const text = (columns: number) => {
    const report = formatReport(poll.report, colorsFor(io.stdout, io.env), columns, poll.rates);
    return poll.complaint + report + watcherLines(options.root, columns, io);
  };
  if (io.stdout.isTTY) {
    const lines = (columns: number) => ({
      head: `${clock()}  every ${seconds} s  q quits`,
      body: text(columns).split('\n').slice(0, -1),
    });
    await showOnScreen({ lines, refresh }, seconds);
    return EXIT.ok;
  }
  for (let first = true; io.stdout.isOpen(); first = false) {
    if (!first) refresh();
    io.stdout.write(`${first ? '' : '\n'}${new Date().toISOString()}\n${text(io.columns())}`);
    await sleep(seconds * 1000);
  }
  return EXIT.ok;
}

const clock = () => new Date().toLocaleTimeString('sv');
