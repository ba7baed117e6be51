import { wrap } from '../../lib/text-wrap.js';
import type { Paint } from '../../lint/formats/text.js';
import { type GuestSummary, orderGuests } from '../../report/overview.js';
import { overviewText, overviewTotals } from '../../report/overview-text.js';
import { MIN_WIDTH } from '../../report/text-columns.js';
import { filterGuests, type StateFilter } from './state-filter.js';

/** What an overview says instead of a list, wrapped. */
export const noteLines = (text: string, columns: number): string[] => wrap(text, Math.max(MIN_WIDTH, columns));

export const noGuestLines = (columns: number): string[] => noteLines('no running guest with host devices', columns);

/**
 * The overview of a host, problems first, with line ends.
 * @param isWatcherSeen only a watcher knows which interrupts are contested
 */
export function overviewLines(
  guests: readonly GuestSummary[],
  only: readonly StateFilter[],
  isWatcherSeen: boolean,
  paint: Paint,
  columns: number,
): string {
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  if (guests.length === 0) return text(noGuestLines(columns));
  const shown = orderGuests(filterGuests(guests, only));
  const { header, rows } = overviewText(shown, paint, columns);
  const list = shown.length > 0 ? [...header, ...rows.flat()] : noteLines(noneText(only, isWatcherSeen), columns);
  return text([...list, '', ...overviewTotals(guests, paint, columns)]);
}

function noneText(only: readonly StateFilter[], isWatcherSeen: boolean): string {
  const known = only.filter((state) => state !== 'contested' || isWatcherSeen);
  return [
    ...(known.length > 0 ? [`no guest has ${known.join(' or ')} interrupts`] : []),
    ...(known.length < only.length ? ['contested interrupts are unknown: no watcher was seen'] : []),
  ].join('; ');
}
