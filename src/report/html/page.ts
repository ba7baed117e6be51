import { formatShare } from '../delivery-share.js';
import { domainHtml } from './domains.js';
import { number, plural } from './format.js';
import { Html, html, NOTHING } from './html.js';
import { cpuTable, isCompact, nodesHtml } from './nodes.js';
import { STYLE } from './style.js';
import { type ViewModelInput, viewModelOf } from './view-model.js';

/** No script, no network: not even what slips through could do anything. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The host as one self-contained page: nodes and their CPUs, which vCPUs and interrupts are on each, asked against effective. */
export function statusPage(input: ViewModelInput): string {
  const { report, host, taken, watcher } = input;
  const picture = viewModelOf(input);
  const { domains, summary } = report;
  const far = { all: picture.taken, on: picture.remote };
  const tiles = [
    tile('good', number(summary.kept), 'in place'),
    tile('open', number(summary.set), 'not placed'),
    tile('soft', number(summary.skipped), 'left alone'),
    tile('bad', number(summary.failed), 'failed'),
    tile('remote', picture.taken > 0 ? formatShare(far) : '–', 'taken on another node than the device'),
  ];
  const title = `Interrupts of ${host}`;
  const compact = isCompact(picture);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
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
<p>${plural(picture.order.length, 'CPU')}, ${plural(picture.nodes.filter(({ node }) => node !== undefined).length, 'node')}, ${plural(domains.length, 'guest')} · ${taken}</p>
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
${nodesHtml(picture, report)}
<details><summary>CPUs, one by one</summary>
${cpuTable(picture, report)}
</details></section>
<section aria-labelledby="guests"><h2 id="guests">Guests</h2>
${
  domains.length === 0
    ? html`<p>No guest runs.</p>`
    : html`<p class="legend">In each strip every CPU has its place, node by node: <span class="key asked"></span> asked, <span class="key wanted"></span> wanted, <span class="key used"></span> delivered to, <span class="key used astray"></span> delivered elsewhere.</p>`
}
${domains.map((domain, index) => domainHtml(domain, index, picture))}
</section>
</main>
</body>
</html>
`.text;
}

const tile = (kind: string, value: string, what: string) =>
  html`<div class="tile ${kind}"><dt>${what}</dt><dd>${value}</dd></div>`;
