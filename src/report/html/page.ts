import { formatShare, remoteShare } from '../delivery-share.js';
import { summaryOf } from '../report.js';
import { domainHtml } from './domains.js';
import { formatCount, plural } from './format.js';
import { Html, html, NOTHING } from './html.js';
import { cpuTable, isCompact, nodesHtml } from './nodes.js';
import { STYLE } from './style.js';
import { type ViewModelInput, viewModelOf } from './view-model.js';

/** Neither scripts nor network: injected HTML could do nothing. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The host as one self-contained page: nodes and their CPUs, the vCPUs and interrupts on each, asked and effective
 * affinity.
 */
export function statusPage(input: ViewModelInput): string {
  const { plans, host, takenAt, watcher } = input;
  const view = viewModelOf(input);
  const summary = summaryOf(plans);
  const share = remoteShare(plans.flatMap(({ devices }) => devices));
  const tiles = [
    tile('good', formatCount(summary.kept), 'in place'),
    tile('open', formatCount(summary.set), 'not placed'),
    tile('soft', formatCount(summary.skipped), 'left alone'),
    tile('bad', formatCount(summary.failed), 'failed'),
    tile('remote', formatCount(summary.remote), 'on another node than the device'),
    tile('remote', share.all > 0 ? formatShare(share) : '–', 'taken on another node than the device'),
  ];
  const title = `Interrupts of ${host}`;
  const compact = isCompact(view);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Html(CONTENT_SECURITY_POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#guests">To the interrupts, guest by guest</a>
<header>
<p class="soft">hostdev-cpuset status</p>
<h1>${title}</h1>
<p>${plural(view.cpuOrder.length, 'CPU')}, ${plural(view.nodes.filter(({ node }) => node !== undefined).length, 'node')}, ${plural(plans.length, 'guest')} · ${takenAt}</p>
${
  watcher === undefined
    ? NOTHING
    : html`<p class="soft">${watcher.replace(/\n */g, '; ')}</p>
`
}</header>
<main>
<section aria-labelledby="summary"><h2 id="summary" class="unseen">Summary</h2>
<dl class="tiles">${tiles}</dl></section>
<section aria-labelledby="host"><h2 id="host">The host</h2>
<p class="legend">A coloured CPU may run vCPUs of the guest with that letter${compact ? '; the number in a circle is how many interrupts are delivered to it' : ''}. The bar is what it has taken, against the busiest CPU; <span class="far-word">violet</span>: from devices on another node.</p>
${nodesHtml(view, plans)}
<details><summary>CPUs, one by one</summary>
${cpuTable(view, plans)}
</details></section>
<section aria-labelledby="guests"><h2 id="guests">Guests</h2>
${
  plans.length === 0
    ? html`<p>No guest runs.</p>`
    : html`<p class="legend">In each strip every CPU has its place, node by node: <span class="key asked"></span> asked, <span class="key wanted"></span> wanted, <span class="key used"></span> delivered to, <span class="key used astray"></span> delivered elsewhere.</p>`
}
${plans.map((domain, index) => domainHtml(domain, index, view))}
</section>
</main>
</body>
</html>
`.text;
}

const tile = (kind: string, value: string, what: string) =>
  html`<div class="tile ${kind}"><dt>${what}</dt><dd>${value}</dd></div>`;
