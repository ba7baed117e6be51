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
import { reasonTexts, WITHOUT_CPUS } from '../reason-text.js';
import { bar, type CpuStrips } from './charts.js';
import { formatCount, hueClass, lettersOf, plural } from './format.js';
import { type Html, html, NOTHING } from './html.js';
import { takenOf, type ViewModel } from './view-model.js';

/**
 * The meaning of an action on the page. The style sheet adds a sign, as not every reader can tell the colours apart.
 */
const STATES: Record<Action, { word: string; kind: string }> = {
  set: { word: 'misplaced', kind: 'open' },
  fail: { word: 'failed', kind: 'bad' },
  keep: { word: 'in place', kind: 'good' },
  skip: { word: 'left alone', kind: 'soft' },
};
const POLICIES = {
  entry: '',
  'domain-default': ', default of the domain',
  'guest-file': ', file of the guest',
  'guest-rule': ', rule of the host',
  'host-default': ', default of the host',
};

/** Longer tables are collapsed at first. */
const MAX_OPEN_ROWS = 24;

/** What the sections of all guests have in common. */
export interface GuestContext {
  view: ViewModel;
  strips: CpuStrips;
  /** true: the page has no index to link to */
  isAlone: boolean;
}

/** A domain: its vCPUs, and a table of its devices' interrupts. */
export function domainHtml(domain: DomainPlan, index: number, context: GuestContext): Html {
  const { name, vcpus, devices, problems } = domain;
  const source = vcpus.source === 'threads' ? "read from QEMU's threads" : 'as its definition says';
  const letters = lettersOf(index);
  const { isAlone } = context;
  return html`
<section class="domain" id="guest-${index}">
<h3><span class="sign ${hueClass(index)}">${letters}</span> ${name || '(no name)'}</h3>
<p>Its vCPUs may run on ${vcpus.cpus ? cpuLinks(vcpus.cpus, context.view) : WITHOUT_CPUS[vcpus.because]}, ${source}. ${isAlone ? NOTHING : html`<a href="#index">All guests</a>`}</p>
${problemList(problems)}${devices.length === 0 ? html`<p>It has no PCI device of the host.</p>` : tables(domain, `Interrupts of ${letters} ${name}`, context)}
</section>`;
}

/** Links to the rows of the CPUs, if a set has few ranges. */
function cpuLinks(cpus: Cpuset, { cpuOrder }: ViewModel): Html {
  if (cpus.length > 8) return html`<span class="list">CPU ${formatCpuset(cpus)}</span>`;
  const links = cpus.map((range, index) => {
    const text = formatCpuset([range]);
    const link = cpuOrder.includes(range.first) ? html`<a href="#cpu-${range.first}">${text}</a>` : html`${text}`;
    return index === 0 ? link : html`, ${link}`;
  });
  return html`<span class="list">CPU ${links}</span>`;
}

function tables(domain: DomainPlan, label: string, context: GuestContext): Html {
  const all = domain.devices.flatMap(({ interrupts }) => interrupts);
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="interrupts">
<thead><tr><th scope="col">IRQ</th><th scope="col">Vector</th><th scope="col">CPUs</th><th scope="col">Affinity</th><th scope="col">Delivered to</th><th scope="col">Wanted</th><th scope="col">State</th><th scope="col" class="count">Taken</th></tr></thead>
${domain.devices.map((device) => deviceRows(device, domain.vcpus.cpus ?? EMPTY, context))}</table></div>`;
  if (all.length <= MAX_OPEN_ROWS) return table;
  const words = (Object.keys(STATES) as Action[]).flatMap((action) => {
    const count = all.filter((one) => one.action === action).length;
    return count > 0 ? [`${formatCount(count)} ${STATES[action].word}`] : [];
  });
  return html`<details><summary>${plural(all.length, 'interrupt')}: ${words.join(', ')}</summary>
${table}</details>`;
}

function deviceRows(device: DevicePlan, vcpus: Cpuset, context: GuestContext): Html {
  const { address, alias, element, policy, origin, spread, cpus, numaNode, interrupts, problems } = device;
  const share = deliveryShare(interrupts, vcpus);
  const remote = remoteShare([device]);
  const posted = interrupts.filter(isPosted).length;
  const about = [
    `${policy}${spread ? ' spread' : ''}${POLICIES[origin]}${policy === 'native' ? '' : ` → ${cpus === null ? 'nothing' : `CPU ${formatCpuset(cpus)}`}`}`,
    ...(address === null ? [] : [numaNode === null ? 'no node (-1)' : `node ${numaNode}`]),
    ...(share.all > 0 && vcpus.length > 0 ? [`${formatShare(share)} taken on vCPU CPUs`] : []),
    ...(remote.on > 0 ? [`${formatShare(remote)} taken on other nodes`] : []),
    ...(posted > 0 ? [`${posted === interrupts.length ? 'all' : posted} posted to vCPUs`] : []),
  ];
  return html`<tbody>
<tr class="device"><th colspan="8" scope="rowgroup"><div class="about"><code>${address ?? element}</code>${alias === null ? NOTHING : html` <span class="alias">${alias}</span>`} <span class="soft list">${about.join(' · ')}</span>${problemList(problems)}</div></th></tr>
${interrupts.length === 0 ? html`<tr><td colspan="8" class="soft">It has no interrupts at the moment.</td></tr>` : interrupts.map((one) => row(one, device, context))}
</tbody>
`;
}

/** Without optional classes, quotes and end tags: a page has thousands of rows. */
function row(interrupt: InterruptPlan, device: DevicePlan, { view, strips }: GuestContext): Html {
  const { irq, type, vector, affinity, effective, wanted, target, vcpu, action } = interrupt;
  const own = vcpu === null ? NOTHING : html` <small>vCPU ${vcpu}</small>`;
  const taken = takenOf(interrupt);
  const remote = isRemote(interrupt, device) === true;
  // if nothing is to be written, the device's line has given the reason
  const why = reasonTexts(interrupt, device.cpus !== null).map((text) => html` <small>${text}</small>`);
  const { word, kind } = STATES[action];
  const id = isListed(interrupt) ? html` id="irq-${irq}"` : NOTHING;
  return html`<tr${id}><th scope=row>${irq}<td>${vector === null ? type : `${type} ${vector}`}<td>${strips.strip(interrupt)}${cpuCell(affinity)}${cpuCell(effective)}${cpuCell(target ?? wanted, own)}<td><b class=${kind}>${word}</b>${remote ? html` <b class=remote>remote node</b>` : NOTHING}${why}<td>${formatCount(taken)}${bar(taken, view.maxInterruptCount)}
`;
}

const cpuCell = (set: Cpuset | null, note: Html = NOTHING) => html`<td>${set ? formatCpuset(set) : '–'}${note}`;

const isListed = ({ action }: InterruptPlan) => action === 'set' || action === 'fail';
/** Maximum length of the list: each guest's section has all of its own. */
const MAX_LISTED = 200;

/** The interrupts that are misplaced or unreadable, with a link to each. */
export function misplacedHtml(plans: readonly DomainPlan[]): Html {
  const found = plans.flatMap((domain, index) =>
    domain.devices.flatMap((device) =>
      device.interrupts.filter(isListed).map((interrupt) => ({ domain, index, device, interrupt })),
    ),
  );
  if (found.length === 0) return NOTHING;
  const items = found
    .slice(0, MAX_LISTED)
    .map(
      ({ domain, index, device, interrupt: { irq, affinity, effective, wanted, target, action } }) =>
        html`<li><b class="${STATES[action].kind}">${STATES[action].word}</b> <a href="#irq-${irq}">IRQ ${irq}</a> of <a href="#guest-${index}">${domain.name || '(no name)'}</a> <code>${device.address ?? ''}</code>: on CPU <span class="list">${listed(effective ?? affinity)}</span>, wanted on <span class="list">${listed(target ?? wanted)}</span></li>`,
    );
  const more =
    found.length > MAX_LISTED ? html`<p>${formatCount(found.length - MAX_LISTED)} more: see the guests.</p>` : NOTHING;
  return html`<section aria-labelledby="misplaced"><h2 id="misplaced">Not in place</h2>
<ul class="listed">${items}</ul>${more}</section>
`;
}

const listed = (set: Cpuset | null) => (set && set.length > 0 ? formatCpuset(set) : '–');

function problemList(problems: readonly Problem[]): Html {
  if (problems.length === 0) return NOTHING;
  return html`<ul class="problems">${problems
    .map(problemReport)
    .map(
      ({ severity, message, rule }) =>
        html`<li class="${severity}"><strong>${severity}</strong> ${message} <span class="rule">${rule}</span></li>`,
    )}</ul>`;
}
