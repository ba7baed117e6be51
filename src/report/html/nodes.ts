import type { EnforceReport } from '../../affinity/report.js';
import { cpusetOf, formatCpuset } from '../../domain/cpuset.js';
import { bar } from './charts.js';
import { hue, number, signOf } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import type { CpuView, NodeView, ViewModel } from './view-model.js';

/** More CPUs than that are shown as a compact grid. */
const ROOMY = 48;

/** Whether there are too many CPUs to say in words what is on each. */
export const isCompact = ({ order }: ViewModel): boolean => order.length > ROOMY;

/** The picture itself: a grid of CPUs a node, with what is on each. */
export function nodesHtml(picture: ViewModel, report: EnforceReport): Html {
  return html`<div class="nodes${isCompact(picture) ? ' compact' : ''}">${picture.nodes.map((node) => nodeHtml(node, picture, report))}</div>`;
}

function nodeHtml({ node, cpus, devices }: NodeView, picture: ViewModel, report: EnforceReport): Html {
  const list = formatCpuset(cpusetOf(cpus.map(({ cpu }) => cpu)));
  const title = node === undefined ? 'CPUs of the host' : `Node ${node}`;
  const about = cpus.length === 0 ? 'memory only' : `CPU ${list}`;
  return html`
<section class="node">
<h3>${title} <span class="soft">${about}</span></h3>
${
  devices.length === 0
    ? NOTHING
    : html`<ul class="devices" aria-label="Devices here">${devices.map(
        ({ domain, device }) =>
          html`<li><span class="sign ${hue(domain)}">${signOf(domain)}</span> <code>${device.address ?? ''}</code></li>`,
      )}</ul>`
}
<ol class="cpus">${cpus.map((cpu) => cpuHtml(cpu, picture, report))}</ol>
</section>`;
}

function cpuHtml(cpu: CpuView, picture: ViewModel, report: EnforceReport): Html {
  const { vcpus, interrupts, taken, remote, online } = cpu;
  const idle = vcpus.length + interrupts.length === 0 && taken === 0;
  const runs = runsOn(cpu);
  const tint = runs[0] ? hue(runs[0].domain) : '';
  const name = html`<span class="name">${cpu.cpu}</span>`;
  if (idle)
    return html`<li class="cpu${online ? '' : ' off'}">${name}${online ? NOTHING : html`<span class="unseen"> offline</span>`}</li>`;
  const signs = runs.map(({ domain }) => html`<span class="sign ${hue(domain)}">${signOf(domain)}</span>`);
  const numbers = runs.map(
    ({ domain, list }) =>
      html`<span class="line"><span class="sign ${hue(domain)}">${signOf(domain)}</span> vCPU ${list}</span>`,
  );
  const badge = interrupts.length === 0 ? NOTHING : html`<span class="badge">${interrupts.length}</span>`;
  const count =
    interrupts.length === 0
      ? NOTHING
      : html`<span class="line">${interrupts.length} interrupt${interrupts.length === 1 ? '' : 's'}</span>`;
  const words = cpuWords(cpu, report);
  return html`<li class="cpu busy ${tint}${online ? '' : ' off'}"><a href="#cpu-${cpu.cpu}" title="${words}"><span class="unseen">${words}</span><span class="face" aria-hidden="true">${name}<span class="signs">${signs}${badge}</span><span class="lines">${numbers}${count}</span>${bar(taken, picture.busiest, remote)}</span></a></li>`;
}

/** The vCPUs that may run on a CPU, as a list a domain. */
function runsOn({ vcpus }: CpuView): { domain: number; list: string }[] {
  return [...new Set(vcpus.map(({ domain }) => domain))].map((domain) => {
    const numbers = vcpus.filter((one) => one.domain === domain).map(({ vcpu }) => vcpu);
    return { domain, list: formatCpuset(cpusetOf(numbers)) };
  });
}

/** All that is known of a CPU, in words. */
function cpuWords(picture: CpuView, report: EnforceReport): string {
  const { cpu, online, interrupts, taken, remote } = picture;
  const runs = runsOn(picture).map(({ domain, list }) => `vCPU ${list} of ${report.domains[domain]?.name}`);
  const numbers = formatCpuset(cpusetOf(interrupts.map(({ interrupt }) => interrupt.irq)));
  return [
    `CPU ${cpu}${online ? '' : ', offline'}`,
    ...runs,
    ...(interrupts.length > 0 ? [`IRQ ${numbers}`] : []),
    ...(taken > 0 ? [`${number(taken)} taken`] : []),
    ...(remote > 0 ? [`${number(remote)} of them from another node`] : []),
  ].join(', ');
}

/** The same as a table, of the CPUs where something is. */
export function cpuTable({ nodes, busiest }: ViewModel, report: EnforceReport): Html {
  const busy = nodes.flatMap(({ node, cpus }) =>
    cpus
      .filter(({ vcpus, interrupts, taken }) => vcpus.length + interrupts.length > 0 || taken > 0)
      .map((cpu) => ({ node, cpu })),
  );
  if (busy.length === 0) return html`<p>No CPU has a pinned vCPU or an interrupt of a passed-through device.</p>`;
  const rows = busy.map(({ node, cpu }) => {
    const runs = runsOn(cpu).map(
      ({ domain, list }) =>
        html`<li><span class="sign ${hue(domain)}">${signOf(domain)}</span> ${report.domains[domain]?.name ?? ''} vCPU ${list}</li>`,
    );
    const irqs = formatCpuset(cpusetOf(cpu.interrupts.map(({ interrupt }) => interrupt.irq)));
    return html`
<tr id="cpu-${cpu.cpu}"><th scope="row">${cpu.cpu}</th><td>${node ?? '–'}</td><td>${runs.length > 0 ? html`<ul class="plain">${runs}</ul>` : '–'}</td><td class="list">${irqs || '–'}</td><td class="count">${number(cpu.taken)}${bar(cpu.taken, busiest, cpu.remote)}</td><td class="count">${cpu.remote > 0 ? html`<span class="state remote">${number(cpu.remote)}</span>` : '0'}</td></tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="CPUs, one by one"><table>
<caption class="unseen">What runs on each CPU, and which interrupts it takes</caption>
<thead><tr><th scope="col">CPU</th><th scope="col">Node</th><th scope="col">vCPUs</th><th scope="col">IRQs</th><th scope="col" class="count">Taken</th><th scope="col" class="count">From another node</th></tr></thead>
<tbody>${rows}
</tbody></table></div>`;
}
