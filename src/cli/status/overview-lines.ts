import type { Paint } from '../../lint/formats/text.js';
import { type GuestSummary, orderGuests } from '../../report/overview.js';
import { overviewText, overviewTotals } from '../../report/overview-text.js';
import { filterGuests, type StateFilter } from './state-filter.js';

export const NO_GUEST = 'no running guest with host devices\n';

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
  if (guests.length === 0) return NO_GUEST;
  const shown = orderGuests(filterGuests(guests, only));
  const { header, rows } = overviewText(shown, paint, columns);
  const table = shown.length > 0 ? [...header, ...rows.flat(), ''] : [noneText(only, isWatcherSeen), ''];
  return [...table, ...overviewTotals(guests, paint, columns)].map((line) => `${line}\n`).join('');
}

function noneText(only: readonly StateFilter[], isWatcherSeen: boolean): string {
  const known = only.filter((state) => state !== 'contested' || isWatcherSeen);
  return [
    ...(known.length > 0 ? [`no guest has ${known.join(' or ')} interrupts`] : []),
    ...(known.length < only.length ? ['contested interrupts are unknown: no watcher was seen'] : []),
  ].join('; ');
}
