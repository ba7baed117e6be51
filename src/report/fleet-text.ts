import { wrap } from '../lib/text-wrap.js';
import type { Paint } from '../lint/formats/text.js';
import type { FleetHost } from './fleet.js';
import { type GuestSummary, orderGuests } from './overview.js';
import { overviewText, overviewTotals } from './overview-text.js';
import { MIN_WIDTH } from './text-columns.js';

/**
 * One line per host, then one per guest with problems, problems first.
 * @param all one line for each guest
 */
export function fleetText(hosts: readonly FleetHost[], all: boolean, paint: Paint, columns: number): string {
  const table = (guests: readonly GuestSummary[], what: string) => {
    if (guests.length === 0) return [];
    const { header, rows } = overviewText(orderGuests(guests), paint, columns, { what });
    return [...header, ...rows.flat(), ''];
  };
  const guests = hosts.flatMap((host) => host.guests);
  const times = hosts.flatMap(({ time }) => time ?? []).sort();
  const read = times.length > 0 ? wrap(readText(times), Math.max(MIN_WIDTH, columns)) : [];
  const shown = guests.filter((guest) => all || isNotable(guest));
  const lines = [
    ...table(
      hosts.map(({ summary }) => summary),
      'HOST',
    ),
    ...table(shown, 'HOST GUEST'),
    ...overviewTotals(guests, paint, columns, hosts.length),
    ...read,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function readText(times: readonly string[]): string {
  const [first, last] = [times[0], times.at(-1)];
  return first === last ? `read at ${first}` : `read from ${first} to ${last}`;
}

const isNotable = (guest: GuestSummary) =>
  guest.misplaced +
    guest.unreadable +
    guest.remote +
    (guest.contested ?? 0) +
    guest.errors.length +
    guest.warnings.length >
  0;
