import {
  type Action,
  type DevicePlan,
  type DomainPlan,
  type InterruptPlan,
  isPosted,
  isRemote,
} from '../../affinity/domain-plan.js';
import type { Problem } from '../../affinity/problems.js';
import { type Cpuset, EMPTY, formatCpuset } from '../../domain/cpuset.js';
import { deliveryShare, formatShare, remoteShare } from '../delivery-share.js';
import { problemReport } from '../problem-report.js';
import { reasonTexts } from '../reason-text.js';
import { bar, cpuStrip } from './charts.js';
import { formatCount, hueClass, lettersOf } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import { takenOf, type ViewModel } from './view-model.js';

/** What an action means on the page: a word, and a sign, as colours alone are not seen by everybody. */
const STATES: Record<Action, { word: string; sign: string; kind: string }> = {
  keep: { word: 'in place', sign: '✓', kind: 'good' },
  set: { word: 'not placed', sign: '→', kind: 'open' },
  skip: { word: 'left alone', sign: '–', kind: 'soft' },
  fail: { word: 'failed', sign: '✕', kind: 'bad' },
};
const POLICIES = { entry: '', 'domain-default': ', default of the domain', 'host-default': ', default of the host' };

/** A domain: its vCPUs, and a table of its devices' interrupts. */
export function domainHtml(domain: DomainPlan, index: number, view: ViewModel): Html {
  const { name, vcpus, devices, problems } = domain;
  const source = vcpus.source === 'threads' ? "read from QEMU's threads" : 'as its definition says';
  const letters = lettersOf(index);
  return html`
<section class="domain">
<h3><span class="sign ${hueClass(index)}">${letters}</span> ${name || '(no name)'}</h3>
<p>Its vCPUs run on ${vcpus.cpus ? html`<span class="list">CPU ${formatCpuset(vcpus.cpus)}</span>` : 'any CPU'}, ${source}.</p>
${problemList(problems)}${devices.length === 0 ? html`<p>It has no PCI device of the host.</p>` : table(domain, `Interrupts of ${letters} ${name}`, view)}
</section>`;
}

function table({ devices, vcpus }: DomainPlan, label: string, view: ViewModel): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="interrupts">
<thead><tr><th scope="col">IRQ</th><th scope="col">Vector</th><th scope="col">CPUs</th><th scope="col">Asked</th><th scope="col">Delivered to</th><th scope="col">Wanted</th><th scope="col">State</th><th scope="col" class="count">Taken</th></tr></thead>
${devices.map((device) => deviceRows(device, vcpus.cpus ?? EMPTY, view))}</table></div>`;
}

function deviceRows(device: DevicePlan, vcpus: Cpuset, view: ViewModel): Html {
  const { address, alias, element, policy, origin, spread, cpus, numaNode, interrupts, problems } = device;
  const share = deliveryShare(interrupts, vcpus);
  const remote = remoteShare([device]);
  const posted = interrupts.filter(isPosted).length;
  const about = [
    `${policy}${spread ? ' spread' : ''}${POLICIES[origin]}${policy === 'native' ? '' : ` → ${cpus === null ? 'nothing' : `CPU ${formatCpuset(cpus)}`}`}`,
    ...(numaNode === null ? [] : [`node ${numaNode}`]),
    ...(share.all > 0 && vcpus.length > 0 ? [`${formatShare(share)} taken on vCPU CPUs`] : []),
    ...(remote.on > 0 ? [`${formatShare(remote)} taken on other nodes`] : []),
    ...(posted > 0 ? [`${posted === interrupts.length ? 'all' : posted} posted to vCPUs`] : []),
  ];
  return html`<tbody>
<tr class="device"><th colspan="8" scope="rowgroup"><div class="about"><code>${address ?? element}</code>${alias === null ? NOTHING : html` <span class="alias">${alias}</span>`} <span class="soft list">${about.join(' · ')}</span>${problemList(problems)}</div></th></tr>
${interrupts.length === 0 ? html`<tr><td colspan="8" class="soft">It has no interrupts at the moment.</td></tr>` : interrupts.map((one) => row(one, device, view))}
</tbody>
`;
}

function row(interrupt: InterruptPlan, device: DevicePlan, view: ViewModel): Html {
  const { irq, type, vector, affinity, effective, wanted, target, vcpu, action } = interrupt;
  const own = vcpu === null ? NOTHING : html` <span class="reason">vCPU ${vcpu}</span>`;
  const taken = takenOf(interrupt);
  const remote = isRemote(interrupt, device) === true;
  // if nothing is to be written, the device's line has said why
  const why = reasonTexts(interrupt, device.cpus !== null).map((text) => html`<span class="reason">${text}</span>`);
  const { word, sign, kind } = STATES[action];
  return html`<tr><th scope="row">${irq}</th><td>${vector === null ? type : `${type} ${vector}`}</td><td>${cpuStrip(interrupt, view)}</td>${cpuCell(affinity)}${cpuCell(effective)}${cpuCell(target ?? wanted, own)}<td><span class="state ${kind}"><span aria-hidden="true">${sign} </span>${word}</span>${remote ? html` <span class="state remote">remote node</span>` : NOTHING}${why}</td><td class="count">${formatCount(taken)}${bar(taken, view.maxInterruptCount)}</td></tr>
`;
}

const cpuCell = (set: Cpuset | null, note: Html = NOTHING) =>
  html`<td class="list">${set ? formatCpuset(set) : '–'}${note}</td>`;

function problemList(problems: readonly Problem[]): Html {
  if (problems.length === 0) return NOTHING;
  return html`<ul class="problems">${problems
    .map(problemReport)
    .map(
      ({ severity, message, rule }) =>
        html`<li class="${severity}"><strong>${severity}</strong> ${message} <span class="rule">${rule}</span></li>`,
    )}</ul>`;
}
