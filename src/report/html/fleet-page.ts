import { formatShare } from '../delivery-share.js';
import type { FleetHost } from '../fleet.js';
import { sumOf } from '../fleet.js';
import { type GuestSummary, orderGuests } from '../overview.js';
import { formatCount, formatTime, plural } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import { document, tile } from './page-frame.js';
import { guestState } from './state.js';

/** Many hosts as one self-contained page: one line per host, and the guests of each. */
export function fleetPage(hosts: readonly FleetHost[], now: Date): string {
  const guests = hosts.flatMap((host) => host.guests);
  const sum = sumOf(guests, '');
  const bad = hosts.filter(({ faults }) => faults.length > 0).length;
  const ordered = orderGuests(hosts.map(({ summary }) => summary)).flatMap(
    ({ name }) => hosts.find((host) => host.name === name) ?? [],
  );
  const number = new Map(ordered.map((host, index) => [host, index + 1]));
  const title = `Interrupts of ${plural(hosts.length, 'host')}`;
  const about = html`<p>${plural(guests.length, 'guest')}, ${plural(sum.interrupts, 'interrupt')} · ${formatTime(now)}</p>`;
  return document({
    title,
    command: 'report',
    skip: { to: '#guests', text: 'To the guests, host by host' },
    about,
    main: html`<section aria-labelledby="summary"><h2 id="summary" class="unseen">Summary</h2>
<dl class="tiles">${[
      tile('good', formatCount(sum.inPlace), 'in place'),
      tile(sum.misplaced > 0 ? 'open' : 'soft', formatCount(sum.misplaced), 'misplaced'),
      tile(bad > 0 ? 'bad' : 'soft', formatCount(bad), 'hosts with problems'),
      tile('remote', formatCount(sum.remote), 'on another node than the device'),
    ]}</dl></section>
<section aria-labelledby="hosts"><h2 id="hosts">Hosts</h2>
${table(
  'Hosts',
  'Host',
  ordered.map((host) =>
    row(
      host.summary,
      html`<a href="#host-${number.get(host) as number}">${host.name}</a>`,
      host.time === undefined ? '–' : formatTime(new Date(host.time)),
    ),
  ),
  true,
)}</section>
<section aria-labelledby="guests"><h2 id="guests">Guests</h2>
${ordered.map((host) => hostHtml(host, number.get(host) as number))}
</section>`,
  });
}

function hostHtml({ name, guests, faults }: FleetHost, number: number): Html {
  const list =
    faults.length > 0
      ? html`<ul class="problems">${faults.map((text) => html`<li class="warning">${text}</li>`)}</ul>`
      : NOTHING;
  const rows = orderGuests(guests).map((guest) => row(guest, html`${guest.name || '(no name)'}`));
  return html`
<section class="domain" id="host-${number}"><h3>${name}</h3>
${list}${rows.length === 0 ? html`<p>No running guest with host devices.</p>` : table(`Guests of ${name}`, 'Guest', rows, false)}
</section>`;
}

function table(label: string, what: string, rows: readonly Html[], hasTime: boolean): Html {
  const count = (text: string) => html`<th scope="col" class="count">${text}</th>`;
  return html`<div class="scroll${hasTime ? ' card' : ''}" tabindex="0" role="region" aria-label="Table: ${label}"><table>
<thead><tr><th scope="col">${what}</th><th scope="col">State</th>${['Interrupts', 'In place', 'Misplaced', 'Remote', 'Contested', 'On vCPU CPUs'].map(count)}<th scope="col">Problems</th>${hasTime ? html`<th scope="col">Read</th>` : NOTHING}</tr></thead>
<tbody>${rows}
</tbody></table></div>`;
}

function row(guest: GuestSummary, name: Html, time?: string): Html {
  const { interrupts, inPlace, misplaced, remote, contested, share, errors, warnings } = guest;
  const cells = [interrupts, inPlace, misplaced, remote, contested].map(formatCount);
  const taken = share && share.all > 0 ? formatShare(share) : '–';
  return html`
<tr><th scope="row" class="guest">${name}</th><td>${guestState(guest)}</td>${[...cells, taken].map((text) => html`<td class="count">${text}</td>`)}<td class="list">${[...errors, ...warnings].join(', ') || '–'}</td>${time === undefined ? NOTHING : html`<td class="time">${time}</td>`}</tr>`;
}
