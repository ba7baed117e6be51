import { printable } from '../lib/printable.js';
import { padEnd, textWidth, truncate, truncateName } from '../lib/text-width.js';
import { wrap } from '../lib/text-wrap.js';
import type { Paint } from '../lint/formats/text.js';
import { formatShare } from './delivery-share.js';
import type { GuestOrder, GuestSummary } from './overview.js';
import { formatRate } from './rates.js';
import { MIN_WIDTH } from './text-columns.js';

/** A column of the overview after the guest's name. */
interface Column {
  heading: string;
  /** its name in a sentence, after this text */
  word(text: string): string;
  order: GuestOrder;
  text(guest: GuestSummary): string;
  style?: Parameters<Paint>[0];
  /** whether the text is not informative; a column with only such texts is left out first on a narrow terminal */
  isIdle(text: string): boolean;
}

const count = (heading: string, key: 'interrupts' | 'inPlace' | 'misplaced' | 'remote' | 'contested' | 'posted') => ({
  heading,
  word: (text: string) => (key === 'interrupts' && text === '1' ? 'interrupt' : WORDS[key]),
  order: key === 'inPlace' || key === 'posted' ? ('interrupts' as const) : key,
  text: (guest: GuestSummary) => `${guest[key] ?? '-'}`,
  isIdle: (text: string) => (text === '0' || text === '-') && key !== 'interrupts' && key !== 'misplaced',
});
const WORDS = {
  interrupts: 'interrupts',
  inPlace: 'in place',
  misplaced: 'misplaced',
  remote: 'remote',
  contested: 'contested',
  posted: 'posted',
};
const COLUMNS: readonly Column[] = [
  count('IRQS', 'interrupts'),
  count('IN PLACE', 'inPlace'),
  { ...count('MISPLACED', 'misplaced'), style: 'red' },
  { ...count('REMOTE', 'remote'), style: 'yellow' },
  { ...count('CONTESTED', 'contested'), style: 'red' },
  count('POSTED', 'posted'),
  {
    heading: 'ON VCPUS',
    word: () => 'taken on vCPU CPUs',
    order: 'share',
    text: ({ share }) => (share && share.all > 0 ? formatShare(share) : '-'),
    isIdle: (text) => text === '-',
  },
  {
    heading: 'PER S',
    word: () => 'per s',
    order: 'rate',
    text: ({ rate }) => formatRate(rate),
    isIdle: (text) => text === '-',
  },
];

const GAP = '  ';
/** Spaces before the second and later lines of a sentence. */
const HANGING_INDENT = 2;
/** Minimum columns for the guests' names, if they need them. */
const MIN_NAME_WIDTH = 16;
const MAX_NAME_WIDTH = 48;
const MIN_HOST_WIDTH = 7;
const PROBLEMS = 'PROBLEMS';
/** Columns that are not informative are left out until the problems have this much room. */
const MAX_RESERVED_WIDTH = 24;

/** The lines of an overview: a table, or sentences if the terminal is too narrow. */
export interface OverviewText {
  /** the table's header */
  header: string[];
  /** lines of each guest, in order */
  rows: string[][];
}

/**
 * One line per guest, with faults in colour.
 * @param options order: marks the column by which the guests are ordered; what: the heading of the names; margin:
 * columns that stay free, for what the caller puts before each line
 */
export function overviewText(
  guests: readonly GuestSummary[],
  paint: Paint,
  columns: number,
  { order, what = 'GUEST', margin = 0 }: { order?: GuestOrder | undefined; what?: string; margin?: number } = {},
): OverviewText {
  const width = Math.max(MIN_WIDTH, columns) - margin;
  const table = tableOf(guests, width, what);
  if (!table) return { header: [], rows: guests.map((guest) => sentence(guest, paint, width)) };
  const { names, shown } = table;
  const mark = (column: Column) => (column.order === order ? 'bold' : 'dim');
  const nameHeading = padEnd(truncate(what, names), names);
  const headings = shown.map(({ column, width: size }) => paint(mark(column), column.heading.padStart(size)));
  const problems = table.problems > 0 ? [paint('dim', PROBLEMS)] : [];
  const nameStyle = order === 'name' ? 'bold' : 'dim';
  const header = [paint(nameStyle, nameHeading), ...headings, ...problems].join(GAP);
  return { header: [header], rows: guests.map((guest) => [row(guest, table, paint)]) };
}

interface Table {
  /** width of the names */
  names: number;
  shown: readonly { column: Column; width: number }[];
  /** room for the problems; 0: they are left out */
  problems: number;
}

/**
 * Leaves out columns that are not informative, from the right, as long as names would be cut; undefined: not even the
 * least of the names fits.
 */
function tableOf(guests: readonly GuestSummary[], width: number, what: string): Table | undefined {
  const longest = Math.min(MAX_NAME_WIDTH, Math.max(what.length, ...guests.map((guest) => textWidth(nameOf(guest)))));
  let shown = COLUMNS.map((column) => {
    const texts = guests.map((guest) => column.text(guest));
    const size = Math.max(column.heading.length, ...texts.map((text) => text.length));
    return { column, width: size, isIdle: texts.every((text) => column.isIdle(text)) };
  });
  const least = Math.min(longest, MIN_NAME_WIDTH);
  const longestProblem = Math.max(0, ...guests.map((guest) => textWidth(problemsOf(guest))));
  const hasProblems = longestProblem > 0;
  const problemWidth = Math.max(PROBLEMS.length, Math.min(longestProblem, MAX_RESERVED_WIDTH));
  const forProblems = hasProblems ? GAP.length + problemWidth : 0;
  const room = () => width - shown.reduce((sum, column) => sum + column.width + GAP.length, 0);
  while (room() < longest + forProblems) {
    const idle = shown.filter(({ isIdle }) => isIdle).at(-1);
    if (!idle) break;
    shown = shown.filter((column) => column !== idle);
  }
  if (room() < least) return undefined;
  const names = Math.min(longest, Math.max(least, room() - forProblems));
  const left = room() - names - GAP.length;
  return { names, shown, problems: hasProblems && left >= PROBLEMS.length ? left : 0 };
}

function row(guest: GuestSummary, { names, shown, problems: room }: Table, paint: Paint): string {
  const name = padEnd(nameOf(guest, names), names);
  const cells = shown.map(({ column, width: size }) => painted(guest, column, paint, size));
  const problems = truncate(problemsOf(guest), room);
  const style = guest.errors.length > 0 ? 'red' : 'yellow';
  return [name, ...cells, ...(problems === '' ? [] : [paint(style, problems)])].join(GAP).trimEnd();
}

/** `vnf-3: 16 interrupts, 14 in place, 2 misplaced` */
function sentence(guest: GuestSummary, paint: Paint, width: number): string[] {
  const said = COLUMNS.filter((column) => !column.isIdle(column.text(guest)));
  const parts = said.map((column) => `${painted(guest, column, paint)} ${column.word(column.text(guest))}`);
  const problems = problemsOf(guest);
  // the name and the colon fit in a line: none is wider than those with the indent
  const name = nameOf(guest, width - HANGING_INDENT - 1);
  return wrap(`${name}: ${[...parts, ...(problems ? [problems] : [])].join(', ')}`, width, 0, HANGING_INDENT);
}

function painted(guest: GuestSummary, column: Column, paint: Paint, width = 0): string {
  const text = column.text(guest);
  const isWorth = column.style !== undefined && text !== '0' && text !== '-';
  return ' '.repeat(Math.max(0, width - text.length)) + (isWorth ? paint(column.style as 'red', text) : text);
}

/** Of a long host name and guest name, the host's is cut first. */
function nameOf({ host, name }: GuestSummary, width = Number.POSITIVE_INFINITY): string {
  const guest = printable(name || '(no name)');
  if (host === null) return truncateName(guest, width);
  const shown = truncateName(printable(host), Math.max(MIN_HOST_WIDTH, width - 1 - textWidth(guest)));
  return `${shown} ${truncateName(guest, width - 1 - textWidth(shown))}`;
}

function problemsOf({ errors, warnings, unreadable }: GuestSummary): string {
  return printable([...(unreadable > 0 ? [`${unreadable} unreadable`] : []), ...errors, ...warnings].join(', '));
}

/**
 * `40 guests with 4864 interrupts: 12 misplaced, 4852 in place, 3 remote`.
 * @param hosts number of hosts
 */
export function overviewTotals(
  guests: readonly GuestSummary[],
  paint: Paint,
  columns: number,
  hosts?: number,
): string[] {
  const sum = (key: 'interrupts' | 'inPlace' | 'misplaced' | 'remote' | 'contested' | 'unreadable') =>
    guests.reduce((total, guest) => total + (guest[key] ?? 0), 0);
  const [misplaced, remote, contested, unreadable] = [
    sum('misplaced'),
    sum('remote'),
    sum('contested'),
    sum('unreadable'),
  ];
  const parts = [
    `${misplaced} misplaced`,
    `${sum('inPlace')} in place`,
    ...(remote > 0 ? [`${remote} remote`] : []),
    ...(contested > 0 ? [`${contested} contested`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ];
  const [few, many] = [guests.length, sum('interrupts')];
  const where = hosts === undefined ? '' : `${hosts} host${hosts === 1 ? '' : 's'}, `;
  const text = `${where}${few} guest${few === 1 ? '' : 's'} with ${many} interrupt${many === 1 ? '' : 's'}: ${parts.join(', ')}`;
  const style = misplaced + contested + unreadable > 0 ? 'red' : 'bold';
  return wrap(text, Math.max(MIN_WIDTH, columns)).map((line) => paint(style, line));
}
