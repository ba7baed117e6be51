import type { Action, DeviceReport, DomainReport, InterruptReport, Problem } from '../../affinity/report.js';
import { parseCpuList } from '../../domain/cpu-mask.js';
import { EMPTY } from '../../domain/cpuset.js';
import { deliveryShare, formatShare } from '../delivery-share.js';
import { bar, strip } from './charts.js';
import { hue, number, signOf } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import { isDeliveredRemotely, takenOf, type ViewModel } from './view-model.js';

/** What an action comes to for who looks at a picture: a word, and a sign for who sees no colours. */
const STATES: Record<Action, { word: string; sign: string; kind: string }> = {
  keep: { word: 'in place', sign: '✓', kind: 'good' },
  set: { word: 'not placed', sign: '→', kind: 'open' },
  skip: { word: 'left alone', sign: '–', kind: 'soft' },
  fail: { word: 'failed', sign: '✕', kind: 'bad' },
};
const POLICIES = { entry: '', 'domain-default': ', default of the domain', 'host-default': ', default of the host' };

/** A domain: its vCPUs, and a table of its devices' interrupts. */
export function domainHtml(domain: DomainReport, index: number, picture: ViewModel): Html {
  const { name, vcpuCpus, vcpuSource, devices, problems } = domain;
  const source = vcpuSource === 'threads' ? "read from QEMU's threads" : 'as its definition says';
  const sign = signOf(index);
  return html`
<section class="domain">
<h3><span class="sign ${hue(index)}">${sign}</span> ${name || '(no name)'}</h3>
<p>Its vCPUs run on ${vcpuCpus === null ? 'any CPU' : html`<span class="list">CPU ${vcpuCpus}</span>`}, ${source}.</p>
${problemList(problems)}${devices.length === 0 ? html`<p>It has no PCI device of the host.</p>` : table(domain, `Interrupts of ${sign} ${name}`, picture)}
</section>`;
}

function table({ devices, vcpuCpus }: DomainReport, label: string, picture: ViewModel): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="interrupts">
<thead><tr><th scope="col">IRQ</th><th scope="col">Vector</th><th scope="col">CPUs</th><th scope="col">Asked</th><th scope="col">Delivered to</th><th scope="col">Wanted</th><th scope="col">State</th><th scope="col" class="count">Taken</th></tr></thead>
${devices.map((device) => deviceRows(device, vcpuCpus, picture))}</table></div>`;
}

function deviceRows(device: DeviceReport, vcpuCpus: string | null, picture: ViewModel): Html {
  const { address, alias, element, policy, origin, cpus, numaNode, interrupts, problems } = device;
  const vcpus = parseCpuList(vcpuCpus ?? '') ?? EMPTY;
  const share = deliveryShare(interrupts, vcpus);
  const about = [
    `${policy}${POLICIES[origin]}${policy === 'native' ? '' : ` → ${cpus === null ? 'nothing' : `CPU ${cpus}`}`}`,
    ...(numaNode === null ? [] : [`node ${numaNode}`]),
    ...(share.all > 0 && vcpus.length > 0 ? [`${formatShare(share)} taken on vCPU CPUs`] : []),
  ];
  return html`<tbody>
<tr class="device"><th colspan="8" scope="rowgroup"><div class="about"><code>${address ?? element}</code>${alias === null ? NOTHING : html` <span class="alias">${alias}</span>`} <span class="soft list">${about.join(' · ')}</span>${problemList(problems)}</div></th></tr>
${interrupts.length === 0 ? html`<tr><td colspan="8" class="soft">It has no interrupts at the moment.</td></tr>` : interrupts.map((one) => row(one, device, picture))}
</tbody>
`;
}

function row(interrupt: InterruptReport, device: DeviceReport, picture: ViewModel): Html {
  const { irq, type, vector, affinity, effective, wanted, action, reason } = interrupt;
  const taken = takenOf(interrupt);
  const remote = isDeliveredRemotely(device, interrupt, picture);
  // where nothing is wanted it is for one reason, which the device's line has given
  const why = reason !== null && device.cpus !== null ? html`<span class="reason">${reason}</span>` : NOTHING;
  const { word, sign, kind } = STATES[action];
  return html`<tr><th scope="row">${irq}</th><td>${vector === null ? type : `${type} ${vector}`}</td><td>${strip(interrupt, picture)}</td><td class="list">${affinity ?? '–'}</td><td class="list">${effective ?? '–'}</td><td class="list">${wanted ?? '–'}</td><td><span class="state ${kind}"><span aria-hidden="true">${sign} </span>${word}</span>${remote ? html` <span class="state remote">remote node</span>` : NOTHING}${why}</td><td class="count">${number(taken)}${bar(taken, picture.frequent)}</td></tr>
`;
}

function problemList(problems: readonly Problem[]): Html {
  if (problems.length === 0) return NOTHING;
  return html`<ul class="problems">${problems.map(
    ({ severity, message, rule }) =>
      html`<li class="${severity}"><strong>${severity}</strong> ${message} <span class="rule">${rule}</span></li>`,
  )}</ul>`;
}
