import { compareNames } from '../../lib/compare-names.js';
import { formatShare, remoteShare } from '../delivery-share.js';
import { type GuestSummary, guestSummary, orderGuests } from '../overview.js';
import { domainReport, summaryOf } from '../report.js';
import { CpuStrips } from './charts.js';
import { domainHtml, misplacedHtml } from './domains.js';
import { formatCount, hueClass, lettersOf, plural } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import { cpuTable, isCompact, nodesHtml } from './nodes.js';
import { document, tile } from './page-frame.js';
import { guestState } from './state.js';
import { type ViewModelInput, viewModelOf } from './view-model.js';

/**
 * The host as one self-contained page: its guests, nodes and their CPUs, the vCPUs and interrupts on each, asked and
 * effective affinity.
 */
export function statusPage(input: ViewModelInput): string {
  const { plans, vcpus } = inOrder(input);
  const { host, takenAt, watcher, contested } = input;
  const isWatcherSeen = contested !== undefined;
  const view = viewModelOf({ ...input, plans, vcpus });
  const keys = new Set(contested?.map(({ address, irq }) => `${address} ${irq}`));
  const summary = summaryOf(plans, false, keys);
  const unreadable = summary.set + summary.failed - summary.misplaced;
  const share = remoteShare(plans.flatMap(({ devices }) => devices));
  const fault = (kind: string, count: number, what: string) =>
    tile(count > 0 ? kind : 'soft', formatCount(count), what, count > 0 ? '#misplaced' : undefined);
  const tiles = [
    tile('good', formatCount(summary.kept), 'in place'),
    fault('open', summary.misplaced, 'misplaced'),
    tile('soft', formatCount(summary.skipped), 'left alone'),
    ...(unreadable > 0 ? [fault('bad', unreadable, 'unreadable')] : []),
    ...(keys.size > 0 ? [tile('open', formatCount(summary.contested), 'contested')] : []),
    tile(summary.remote > 0 ? 'remote' : 'soft', formatCount(summary.remote), 'on another node than the device'),
    tile(
      share.on > 0 ? 'remote' : 'soft',
      share.all > 0 ? formatShare(share) : '–',
      'taken on another node than the device',
    ),
  ];
  const strips = new CpuStrips(view);
  const sections = plans.map((domain, index) => domainHtml(domain, index, { view, strips, isAlone: plans.length < 2 }));
  const nodes = view.nodes.filter(({ node }) => node !== undefined).length;
  return document({
    title: `Interrupts of ${host}`,
    command: 'status',
    skip: { to: '#guests', text: 'To the interrupts, guest by guest' },
    about: html`<p>${plural(view.cpuOrder.length, 'CPU')}, ${plural(nodes, 'node')}, ${plural(plans.length, 'guest')} · ${takenAt}</p>
${
  watcher === undefined
    ? NOTHING
    : html`<p class="soft">${watcher.replace(/\n */g, '; ')}</p>
`
}`,
    main: html`<section aria-labelledby="summary"><h2 id="summary" class="unseen">Summary</h2>
<dl class="tiles">${tiles}</dl></section>
${indexHtml(plans.map((plan) => guestSummary(domainReport(plan, keys), { isWatcherSeen })))}${misplacedHtml(plans)}<section aria-labelledby="host"><h2 id="host">The host</h2>
<p class="legend">A coloured CPU may run vCPUs of the guest with that letter${isCompact(view) ? '; the number in a circle is how many interrupts are delivered to it' : ''}. The bar is what it has taken, against the busiest CPU; <span class="far-word">violet</span>: from devices on another node.</p>
${nodesHtml(view, plans)}
<details><summary>CPUs, one by one</summary>
${cpuTable(view, plans)}
</details></section>
<section aria-labelledby="guests" style="--cpu:${strips.cpuWidth}"><h2 id="guests">Guests</h2>
${
  plans.length === 0
    ? html`<p>No running guest with host devices.</p>`
    : html`<p class="legend">In each strip every CPU has its place, node by node: <span class="key asked"></span> affinity, <span class="key wanted"></span> wanted, <span class="key used"></span> delivered to, <span class="key used astray"></span> delivered elsewhere.</p>`
}
${sections}
</section>
${strips.definitions}`,
  });
}

/** Guests by name: `vnf-2` comes before `vnf-10`. */
function inOrder({ plans, vcpus }: ViewModelInput): Pick<ViewModelInput, 'plans' | 'vcpus'> {
  const guests = plans.map((plan, index) => ({ plan, vcpus: vcpus[index] ?? [] }));
  guests.sort((a, b) => compareNames(a.plan.name, b.plan.name));
  return { plans: guests.map(({ plan }) => plan), vcpus: guests.map((guest) => guest.vcpus) };
}

/** One line per guest, problems first, with links. Empty for a single guest. */
function indexHtml(guests: readonly GuestSummary[]): Html {
  if (guests.length < 2) return NOTHING;
  const isContested = guests.some(({ contested }) => (contested ?? 0) > 0);
  const places = new Map(guests.map((guest, index) => [guest, index]));
  const rows = orderGuests(guests).map((guest) => {
    const index = places.get(guest) as number;
    const { interrupts, misplaced, contested, remote, share } = guest;
    const numbers = [interrupts, misplaced, ...(isContested ? [contested] : []), remote].map(formatCount);
    const taken = share && share.all > 0 ? formatShare(share) : '–';
    return html`
<tr><th scope="row" class="guest"><span class="sign ${hueClass(index)}">${lettersOf(index)}</span> <a href="#guest-${index}">${guest.name || '(no name)'}</a></th><td>${guestState(guest)}</td>${[...numbers, taken].map((text) => html`<td class="count">${text}</td>`)}</tr>`;
  });
  const heads = ['Interrupts', 'Misplaced', ...(isContested ? ['Contested'] : []), 'Remote', 'On vCPU CPUs'];
  return html`<section aria-labelledby="index"><h2 id="index">Index of guests</h2>
<div class="scroll card" tabindex="0" role="region" aria-label="Table of guests"><table>
<thead><tr><th scope="col">Guest</th><th scope="col">State</th>${heads.map((text) => html`<th scope="col" class="count">${text}</th>`)}</tr></thead>
<tbody>${rows}
</tbody></table></div></section>
`;
}
