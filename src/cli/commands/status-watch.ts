import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainPlan } from '../../affinity/domain-plan.js';
import { isExpected } from '../../lib/errors.js';
import { wrap } from '../../lib/text-wrap.js';
import { type Rates, ratesBetween } from '../../report/rates.js';
import { formatReport } from '../../report/text-report.js';
import { colorsFor } from '../colors.js';
import type { EnforceOptions } from '../host/domain-source.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { postingLines } from '../status/posting-line.js';
import { type Sampled, Sampler, verdictLines } from '../status/sampler.js';
import { showOnScreen } from '../status/screen.js';
import { StatusPoller } from '../status/status-poller.js';
import { watcherLines } from '../status/watcher-line.js';

interface Status {
  plans: readonly DomainPlan[];
  rates: Rates;
  verdicts: Sampled['verdicts'];
  /** what could not be read, for people; if nothing could, the plans are those of before */
  complaint: string;
}

/**
 * `status --watch`: on a terminal a screen that is redrawn, with rates; otherwise one block after the other, like `top
 * -b`, until the reader is gone or a signal ends it. @throws what the first poll throws
 */
export async function watchStatus(options: EnforceOptions, seconds: number, io: Io): Promise<number> {
  const poller = new StatusPoller(options, io);
  let now = poller.now();
  const { paths, domains, sample } = options;
  const sampler = paths.length + domains.length > 0 && sample !== 0 ? new Sampler(poller.files) : undefined;
  let status: Status = { plans: poller.poll(), rates: new Map(), verdicts: [], complaint: poller.complaint };
  sampler?.take(status.plans, now);
  const refresh = () => {
    const before = now;
    try {
      const polled = poller.poll();
      now = poller.now();
      const rates = ratesBetween(status.plans, polled, (now - before) / 1000);
      const { plans, verdicts } = sampler?.take(polled, now) ?? { plans: polled, verdicts: [] };
      status = { plans, rates, verdicts, complaint: poller.complaint };
    } catch (error) {
      if (!isExpected(error)) throw error;
      now = poller.now();
      status = {
        plans: status.plans,
        rates: new Map(),
        verdicts: [],
        complaint: errorLine('hostdev-cpuset', error.message),
      };
    }
  };
  const text = (columns: number) => {
    const report = formatReport(status.plans, colorsFor(io.stdout, io.env), columns, status.rates);
    const verdicts = verdictLines(status.plans, status.verdicts, columns);
    return (
      status.complaint +
      report +
      verdicts +
      postingLines(poller.posting, columns) +
      watcherLines(options.root, columns, io)
    );
  };
  if (io.stdout.isTTY) {
    const lines = (columns = io.columns()) => ({
      head: `${clock()}  every ${seconds} s  q quits`,
      // the screen breaks no lines
      body: text(columns)
        .split('\n')
        .slice(0, -1)
        .flatMap((line) => wrap(line, columns)),
    });
    await showOnScreen({ lines, refresh }, seconds);
    return EXIT.ok;
  }
  for (let isFirst = true; io.stdout.isOpen(); isFirst = false) {
    if (!isFirst) refresh();
    io.stdout.write(`${isFirst ? '' : '\n'}${new Date().toISOString()}\n${text(io.columns())}`);
    await sleep(seconds * 1000);
  }
  return EXIT.ok;
}

const clock = () => new Date().toLocaleTimeString('sv');
