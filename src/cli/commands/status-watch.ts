import { setTimeout as sleep } from 'node:timers/promises';
import { isExpected } from '../../lib/errors.js';
import { printableJsonLine } from '../../lib/printable.js';
import { wrap } from '../../lib/text-wrap.js';
import { type Rates, ratesBetween } from '../../report/rates.js';
import { formatReport } from '../../report/text-report.js';
import { colorsFor } from '../colors.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { guestKey, type OverviewState, OverviewView } from '../status/overview-view.js';
import { Sampler } from '../status/sampler.js';
import { type Picture, showOnScreen, type View } from '../status/screen.js';
import { filterGuests, filterPlans, guestsOf } from '../status/state-filter.js';
import { type HostStatus, StatusReader, statusReport } from '../status/status-reader.js';
import { watcherLines } from '../status/watcher-line.js';
import { hasVerdicts, isOverview, type StatusOptions, statusText } from './status.js';

/**
 * `status --watch`: on a terminal a screen that is redrawn, with rates; otherwise one block after the other, like `top
 * -b`, until the reader closes the pipe or a signal ends it. With --json one document per line.
 * @throws the error of the first poll
 */
export async function watchStatus(options: StatusOptions, seconds: number, io: Io): Promise<number> {
  const poller = new Poller(options, io);
  if (io.stdout.isTTY && !options.json) {
    await showOnScreen(isOverview(options) ? overviewOf(poller, seconds) : detailsOf(poller, seconds), seconds);
    return EXIT.ok;
  }
  for (let isFirst = true; io.stdout.isOpen(); isFirst = false) {
    if (!isFirst) poller.refresh();
    if (options.json) {
      io.stderr.write(poller.complaint);
      const { status } = poller;
      // a failed read is not printed as a status
      if (!poller.hasFailed)
        io.stdout.write(printableJsonLine(statusReport(status, filterPlans(status, options.only))));
    } else io.stdout.write(`${isFirst ? '' : '\n'}${new Date().toISOString()}\n${poller.text(io.columns())}`);
    await sleep(seconds * 1000);
  }
  return EXIT.ok;
}

/** The last status, with rates since the previous one. */
class Poller {
  status: HostStatus;
  rates: Rates = new Map();
  /** read errors, as text */
  complaint: string;
  /** true: nothing could be read, and the status is the previous one */
  hasFailed = false;
  readonly #reader: StatusReader;
  readonly #sampler: Sampler | undefined;

  constructor(
    readonly options: StatusOptions,
    readonly io: Io,
  ) {
    this.#reader = new StatusReader(options, io);
    this.status = this.#reader.read();
    this.#sampler = hasVerdicts(options) && options.sample !== 0 ? new Sampler(this.#reader.host.files) : undefined;
    this.#sampler?.take(this.status.plans, performance.now());
    this.complaint = this.status.complaint;
  }

  refresh(): void {
    try {
      const before = this.status;
      const status = this.#reader.read();
      this.status = { ...status, ...this.#sampler?.take(status.plans, performance.now()) };
      this.rates = ratesBetween(before.plans, status.plans, (status.time.getTime() - before.time.getTime()) / 1000);
      this.complaint = status.complaint;
      this.hasFailed = false;
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.rates = new Map();
      this.status = { ...this.status, verdicts: [] };
      this.complaint = errorLine('hostdev-cpuset', error.message);
      this.hasFailed = true;
    }
  }

  text(columns: number): string {
    return this.complaint + statusText(this.options, this.status, { io: this.io, columns, rates: this.rates });
  }
}

const notesOf = (seconds: number) => [new Date().toLocaleTimeString('sv'), `every ${seconds} s`];

/** The screen does not break lines. */
const linesOf = (text: string, columns: number) =>
  text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => wrap(line, columns));

/** All lines, one below the other. */
function detailsOf(poller: Poller, seconds: number): View {
  return {
    refresh: () => poller.refresh(),
    picture: (columns = poller.io.columns()) => ({
      head: { notes: notesOf(seconds), text: 'q quits' },
      body: linesOf(poller.text(columns), columns),
    }),
  };
}

/** One line per guest; the details of the opened guest. */
function overviewOf(poller: Poller, seconds: number): View {
  const { options, io } = poller;
  const paint = colorsFor(io.stdout, io.env);
  const view = new OverviewView(paint);
  let state: OverviewState;
  const update = () => {
    const all = guestsOf(poller.status, poller.rates);
    state = { all, guests: filterGuests(all, options.only) };
    view.update(state);
  };
  update();
  const bodyOf = (columns: number): Omit<Picture, 'head'> => {
    const plan = poller.status.plans.find(
      ({ name, uuid, found }) => guestKey({ name, uuid, ...found }) === view.opened,
    );
    if (plan) {
      const text = formatReport([plan], paint, columns, { command: 'status', rates: poller.rates });
      return { body: linesOf(poller.complaint + text, columns) };
    }
    const list = view.list(state, columns);
    const watcher = linesOf(watcherLines(options.root, columns, io), columns);
    // what is wrong with the host must not be below dozens of guests
    const isWrong = poller.status.problems.some(({ severity }) => severity !== 'note');
    const body = [...list.body, ...(watcher.length > 0 && !isWrong ? ['', ...watcher] : [])];
    // if the last guest is selected, the lines below it are shown, too
    const isLast = list.selected === undefined || list.selected.last === list.body.length - 1;
    const selected = list.selected && { ...list.selected, ...(isLast ? { last: body.length - 1 } : {}) };
    const fixed = [...linesOf(poller.complaint, columns), ...(isWrong ? watcher : []), ...(list.fixed ?? [])];
    return { fixed, body, selected };
  };
  return {
    refresh: () => {
      poller.refresh();
      update();
    },
    key: (key, page) => view.key(key, state, page),
    picture: (columns = io.columns()) => ({ head: { notes: notesOf(seconds), text: view.help }, ...bodyOf(columns) }),
  };
}
