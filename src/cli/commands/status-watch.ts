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

interface Look {
  report: EnforceReport;
  rates: Rates;
  /** what went wrong, for people; the report is then the one before */
  complaint: string;
}

/**
 * `status --watch`: on a terminal a screen that is drawn anew, with rates; elsewhere a block a look, as of `top -b`, until the
 * reader is gone or a signal ends it. @throws what the first look throws
 */
export async function watchStatus(options: EnforceOptions, seconds: number, io: Io): Promise<number> {
  const looks = new StatusPoller(options, io);
  let now = looks.now();
  let look: Look = { report: looks.look(), rates: new Map(), complaint: looks.complaint };
  const refresh = () => {
    const then = now;
    try {
      const report = looks.look();
      now = looks.now();
      look = { report, rates: ratesBetween(look.report, report, (now - then) / 1000), complaint: looks.complaint };
    } catch (error) {
      if (!isExpected(error)) throw error;
      now = looks.now();
      look = { report: look.report, rates: new Map(), complaint: `hostdev-cpuset: ${error.message}\n` };
    }
  };
  const text = (columns: number) => {
    const report = formatReport(look.report, colorsFor(io.stdout, io.env), columns, look.rates);
    return look.complaint + report + watcherLines(options.root, columns, io);
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
