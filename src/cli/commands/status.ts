import { setTimeout as sleep } from 'node:timers/promises';
import { printableJson } from '../../lib/printable.js';
import type { Rates } from '../../report/rates.js';
import { formatReport } from '../../report/text-report.js';
import { isRunning } from '../../report/verdict.js';
import { colorsFor } from '../colors.js';
import type { DomainOptions } from '../host/domain-source.js';
import { EXIT, type Io } from '../io.js';
import { noGuestLines, overviewLines } from '../status/overview-lines.js';
import { postingLines } from '../status/posting-line.js';
import { sampleRates } from '../status/sample-rates.js';
import { Sampler, verdictLines } from '../status/sampler.js';
import { filterPlans, guestsOf, type StateFilter, stateTest } from '../status/state-filter.js';
import { type HostStatus, StatusReader, statusReport } from '../status/status-reader.js';
import { watcherLines } from '../status/watcher-line.js';

export interface StatusOptions extends DomainOptions {
  json?: boolean | undefined;
  /** one line per interrupt, even without domain names */
  details?: boolean | undefined;
  /** only interrupts in one of these states; empty: all */
  only: readonly StateFilter[];
  /** print one line with the overall result */
  check?: boolean | undefined;
  /** how long interrupts are counted for the verdicts, in seconds; 0: no verdicts. Default 1 */
  sample?: number | undefined;
  /** refresh the status at this interval, in seconds */
  watch?: number | undefined;
  /** write the status as an HTML page to this file, `-` for standard output */
  html?: string | undefined;
}

/** How long interrupts are counted for a verdict, in seconds. */
const SAMPLE_SECONDS = 1;

/** `status`: prints where the interrupts are delivered; returns the exit status. */
export async function statusCommand(options: StatusOptions, io: Io): Promise<number> {
  const reader = new StatusReader(options, io);
  const first = reader.read();
  io.stderr.write(first.complaint);
  const status = await withVerdicts(options, reader, first);
  if (options.json) io.stdout.write(printableJson(statusReport(status, filterPlans(status, options.only))));
  else {
    const rates = isOverview(options) ? sampleRates(reader.host.files, status) : undefined;
    io.stdout.write(statusText(options, status, { io, columns: io.columns(), rates }));
  }
  return exitStatusOf(status);
}

/** Domains that were named get a verdict each; an overview of all does not. */
async function withVerdicts(options: StatusOptions, reader: StatusReader, first: HostStatus): Promise<HostStatus> {
  const sampleSeconds = options.sample ?? SAMPLE_SECONDS;
  if (!hasVerdicts(options) || sampleSeconds === 0 || !first.plans.some(isRunning)) return first;
  const sampler = new Sampler(reader.host.files);
  sampler.take(first.plans, performance.now());
  await sleep(sampleSeconds * 1000);
  const again = reader.read();
  return { ...again, ...sampler.take(again.plans, performance.now()) };
}

export function hasVerdicts({ paths, domains }: StatusOptions): boolean {
  return paths.length + domains.length > 0;
}

/** One line per guest, unless domain names or --details are given. */
export function isOverview({ details, paths, domains }: StatusOptions): boolean {
  return !details && paths.length + domains.length === 0;
}

interface TextOptions {
  io: Io;
  columns: number;
  /** for the details: they add a column */
  rates: Rates | undefined;
}

export function statusText(options: StatusOptions, status: HostStatus, { io, columns, rates }: TextOptions): string {
  const paint = colorsFor(io.stdout, io.env);
  const lines = () =>
    isOverview(options)
      ? overviewLines(guestsOf(status, rates), options.only, status.watcher !== null, paint, columns)
      : formatReport(status.plans, paint, columns, {
          ...{ command: 'status', rates },
          shows: stateTest(status, options.only),
        });
  // of what cannot be read, the reason is on standard error
  const none = status.complaint === '' ? `${noGuestLines(columns).join('\n')}\n` : '';
  const text = status.plans.length === 0 ? none : lines();
  const verdicts = verdictLines(status.plans, status.verdicts ?? [], columns);
  return text + verdicts + postingLines(status.posting, columns) + watcherLines(options.root, columns, io);
}

/** 1: a definition has errors, or interrupts could not be placed. */
export function exitStatusOf(status: HostStatus): number {
  const { domains, summary, problems } = statusReport(status);
  const all = [
    ...problems,
    ...domains.flatMap((domain) => [...domain.problems, ...domain.devices.flatMap((device) => device.problems)]),
  ];
  return summary.failed > 0 || all.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.ok;
}
