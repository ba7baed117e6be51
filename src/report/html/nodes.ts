import type { DomainPlan } from '../../affinity/domain-plan.js';
import { cpusetOf, formatCpuset } from '../../domain/cpuset.js';
import { bar } from './charts.js';
import { formatCount, hueClass, lettersOf } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import type { CpuView, NodeView, ViewModel } from './view-model.js';

/** Hosts with more CPUs are shown as a compact grid. */
const MAX_DETAILED_CPUS = 48;

/** Whether the host has too many CPUs to list the contents of each. */
export const isCompact = ({ cpuOrder }: ViewModel): boolean => cpuOrder.length > MAX_DETAILED_CPUS;

/** A grid of CPUs for each node, with the vCPUs and interrupts on each CPU. */
export function nodesHtml(view: ViewModel, plans: readonly DomainPlan[]): Html {
  return html`<div class="nodes${isCompact(view) ? ' compact' : ''}">${view.nodes.map((node) => nodeHtml(node, view, plans))}</div>`;
}

function nodeHtml({ node, cpus, devices }: NodeView, view: ViewModel, plans: readonly DomainPlan[]): Html {
  const list = formatCpuset(cpusetOf(cpus.map(({ cpu }) => cpu)));
  const title = titleOf(node, cpus.length === 0);
  const about =
    cpus.length > 0
      ? `CPU ${list}`
      : node === undefined
        ? 'devices whose node the kernel does not know'
        : 'memory only';
  return html`
<section class="node">
<h3>${title} <span class="soft">${about}</span></h3>
${
  devices.length === 0
    ? NOTHING
    : html`<ul class="devices" aria-label="Devices here">${guestsWith(devices).map(
        ({ domain, addresses }) =>
          html`<li><span class="sign ${hueClass(domain)}">${lettersOf(domain)}</span> <a href="#guest-${domain}">${plans[domain]?.name || '(no name)'}</a> ${addresses.length > MAX_ADDRESSES ? `${addresses.length} devices` : html`<code>${addresses.join(' ')}</code>`}</li>`,
      )}</ul>`
}
<ol class="cpus">${cpus.map((cpu) => cpuHtml(cpu, view, plans))}</ol>
</section>`;
}

/** Maximum number of listed devices of one guest on a node; the others are counted. */
const MAX_ADDRESSES = 2;

function titleOf(node: number | undefined, isWithoutCpus: boolean): string {
  if (node !== undefined) return `Node ${node}`;
  return isWithoutCpus ? 'No node (-1)' : 'CPUs of the host';
}

/** The guests of the devices, with the devices' addresses. */
function guestsWith(devices: NodeView['devices']): { domain: number; addresses: string[] }[] {
  const guests = new Map<number, string[]>();
  for (const { domain, device } of devices) guests.set(domain, [...(guests.get(domain) ?? []), device.address ?? '']);
  return [...guests].map(([domain, addresses]) => ({ domain, addresses }));
}

function cpuHtml(cpu: CpuView, view: ViewModel, plans: readonly DomainPlan[]): Html {
  const { vcpus, interrupts, taken, remote, online } = cpu;
  const idle = vcpus.length + interrupts.length === 0 && taken === 0;
  const runs = runsOn(cpu);
  const tint = runs[0] ? hueClass(runs[0].domain) : '';
  const name = html`<span class="name">${cpu.cpu}</span>`;
  if (idle)
    return html`<li class="cpu${online ? '' : ' off'}">${name}${online ? NOTHING : html`<span class="unseen"> offline</span>`}</li>`;
  const signs = runs.map(({ domain }) => html`<span class="sign ${hueClass(domain)}">${lettersOf(domain)}</span>`);
  const isList = !isCompact(view);
  const numbers = runs.map(
    ({ domain, list }) =>
      html`<span class="line"><span class="sign ${hueClass(domain)}">${lettersOf(domain)}</span> vCPU ${list}</span>`,
  );
  const badge = interrupts.length === 0 ? NOTHING : html`<span class="badge">${interrupts.length}</span>`;
  const count =
    interrupts.length === 0
      ? NOTHING
      : html`<span class="line">${interrupts.length} interrupt${interrupts.length === 1 ? '' : 's'}</span>`;
  const words = cpuWords(cpu, plans);
  return html`<li class="cpu busy ${tint}${online ? '' : ' off'}"><a href="#cpu-${cpu.cpu}" title="${words}"><span class="face" aria-hidden="true">${name}${isList ? html`<span class="lines">${numbers}${count}</span>` : html`<span class="signs">${signs}${badge}</span>`}${bar(taken, view.maxCpuCount, remote)}</span></a></li>`;
}

/** The vCPUs that may run on a CPU: for each domain a list of their numbers. */
function runsOn({ vcpus }: CpuView): { domain: number; list: string }[] {
  return [...new Set(vcpus.map(({ domain }) => domain))].map((domain) => {
    const numbers = vcpus.filter((one) => one.domain === domain).map(({ vcpu }) => vcpu);
    return { domain, list: formatCpuset(cpusetOf(numbers)) };
  });
}

/** Maximum number of interrupts in a tooltip; the CPU's row lists them all. */
const MAX_IRQS = 8;

/** A CPU's tooltip, which is also its text for those who cannot see it. */
function cpuWords(cpuView: CpuView, plans: readonly DomainPlan[]): string {
  const { cpu, online, interrupts, taken, remote } = cpuView;
  const runs = runsOn(cpuView).map(({ domain, list }) => `vCPU ${list} of ${plans[domain]?.name}`);
  const irqs = interrupts.map(({ interrupt }) => interrupt.irq);
  const listed = irqs.length > MAX_IRQS ? `${irqs.length} interrupts` : `IRQ ${formatCpuset(cpusetOf(irqs))}`;
  return [
    `CPU ${cpu}${online ? '' : ', offline'}`,
    ...runs,
    ...(irqs.length > 0 ? [listed] : []),
    ...(taken > 0 ? [`${formatCount(taken)} taken`] : []),
    ...(remote > 0 ? [`${formatCount(remote)} of them from another node`] : []),
  ].join(', ');
}

/** The same as a table, for CPUs with a vCPU or interrupts. */
export function cpuTable({ nodes, maxCpuCount }: ViewModel, plans: readonly DomainPlan[]): Html {
  const busy = nodes.flatMap(({ node, cpus }) =>
    cpus
      .filter(({ vcpus, interrupts, taken }) => vcpus.length + interrupts.length > 0 || taken > 0)
      .map((cpu) => ({ node, cpu })),
  );
  if (busy.length === 0) return html`<p>No CPU has a pinned vCPU or an interrupt of a passed-through device.</p>`;
  const rows = busy.map(({ node, cpu }) => {
    const runs = runsOn(cpu).map(
      ({ domain, list }) =>
        html`<li><span class="sign ${hueClass(domain)}">${lettersOf(domain)}</span> <a href="#guest-${domain}">${plans[domain]?.name || '(no name)'}</a> vCPU ${list}</li>`,
    );
    const irqs = formatCpuset(cpusetOf(cpu.interrupts.map(({ interrupt }) => interrupt.irq)));
    return html`
<tr id="cpu-${cpu.cpu}"><th scope="row">${cpu.cpu}</th><td>${node ?? '–'}</td><td>${runs.length > 0 ? html`<ul class="plain">${runs}</ul>` : '–'}</td><td class="list">${irqs || '–'}</td><td class="count">${formatCount(cpu.taken)}${bar(cpu.taken, maxCpuCount, cpu.remote)}</td><td class="count">${cpu.remote > 0 ? html`<span class="state remote">${formatCount(cpu.remote)}</span>` : '0'}</td></tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="CPUs, one by one"><table>
<caption class="unseen">What runs on each CPU, and which interrupts it takes</caption>
<thead><tr><th scope="col">CPU</th><th scope="col">Node</th><th scope="col">vCPUs</th><th scope="col">IRQs</th><th scope="col" class="count">Taken</th><th scope="col" class="count">From another node</th></tr></thead>
<tbody>${rows}
</tbody></table></div>`;
}
