import {
  type DevicePlan,
  type DomainPlan,
  type InterruptPlan,
  type InterruptTest,
  isPosted,
  isRemote,
} from '../affinity/domain-plan.js';
import type { Problem } from '../affinity/problems.js';
import { EMPTY, formatCpuset } from '../domain/cpuset.js';
import { printable } from '../lib/printable.js';
import { textWidth, truncateName } from '../lib/text-width.js';
import { wrap } from '../lib/text-wrap.js';
import type { Paint } from '../lint/formats/text.js';
import type { Severity } from '../lint/rule.js';
import { deliveryShare, formatShare, remoteShare } from './delivery-share.js';
import { problemReport } from './problem-report.js';
import type { Rates } from './rates.js';
import { reasonTexts, WITHOUT_CPUS } from './reason-text.js';
import { type Summary, summaryOf } from './report.js';
import { elide, MIN_WIDTH } from './text-columns.js';
import { formatRow, formatSentence, header, MARGIN, tableOf } from './text-table.js';

const SEVERITIES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<
  Severity,
  Parameters<Paint>[0]
>;

/** A CPU list is cut to this many columns before the text next to it gets its own line. */
const MIN_LIST_WIDTH = 12;
const MAX_ALIAS_WIDTH = 20;

export interface ReportOptions {
  command: 'plan' | 'enforce' | 'status';
  /** adds a column */
  rates?: Rates | undefined;
  /** selects the interrupts to show, with their devices and domains; the sums include all */
  shows?: InterruptTest | undefined;
}

/**
 * plan, enforce and status as text: one line per interrupt, misplaced ones in colour. Ends with a line break.
 * @param columns of the terminal; from 20 on no line is wider. If a table does not fit, each interrupt is a sentence
 */
export function formatReport(
  plans: readonly DomainPlan[],
  paint: Paint,
  columns: number,
  { command, rates, shows }: ReportOptions,
): string {
  const width = Math.max(MIN_WIDTH, columns);
  const hasShown = (device: DevicePlan) => !shows || device.interrupts.some((one) => shows(one, device));
  const parts = plans
    .filter(({ devices }) => !shows || devices.some(hasShown))
    .map((domain) => formatDomain(domain, paint, width, { rates, shows }));
  const summary = summaryOf(plans, command === 'enforce');
  const { failed, remote, posted } = summary;
  const share = remoteShare(plans.flatMap(({ devices }) => devices));
  const summed = [
    actionsText(summary, command),
    ...(remote > 0 ? [`${remote} remote`] : []),
    ...(posted > 0 ? [`${posted} posted`] : []),
    ...(share.on > 0 ? [`${formatShare(share)} taken on other nodes`] : []),
  ];
  const counts = wrap(summed.join(', '), width);
  const lines = counts.map((line) => paint(failed > 0 ? 'red' : 'bold', line));
  return `${[...parts, ...lines].join('\n')}\n`;
}

/** The number of interrupts, in the words of the command: what it would do, has done, or has found. */
function actionsText({ set, kept, skipped, failed, misplaced }: Summary, command: ReportOptions['command']): string {
  if (command !== 'status')
    return `${set} ${command === 'plan' ? 'to set' : 'set'}, ${kept} kept, ${skipped} skipped, ${failed} failed`;
  const unreadable = set + failed - misplaced;
  const text = `${misplaced} misplaced, ${kept} in place, ${skipped} left alone`;
  return unreadable > 0 ? `${text}, ${unreadable} unreadable` : text;
}

function formatDomain(
  domain: DomainPlan,
  paint: Paint,
  width: number,
  { rates, shows }: Pick<ReportOptions, 'rates' | 'shows'>,
): string {
  const { name, found, vcpus, problems } = domain;
  const shown = new Map(
    domain.devices.map((device) => [device, device.interrupts.filter((one) => !shows || shows(one, device))] as const),
  );
  const devices = domain.devices.filter((device) => !shows || shown.get(device)?.length);
  const title = truncateName(printable(name), Math.max(Math.floor(width / 3), MIN_WIDTH - 2));
  const source = vcpus.source === 'threads' ? "QEMU's threads" : 'definition';
  const room = width - textWidth(title) - source.length - ' (vCPUs: CPU , from )'.length;
  const cpus = vcpus.cpus
    ? `CPU ${elide(formatCpuset(vcpus.cpus), Math.max(room, MIN_LIST_WIDTH))}`
    : WITHOUT_CPUS[vcpus.because];
  const lines = wrapTitle(title, ` (vCPUs: ${cpus}, from ${source})`, 0, paint, width);
  if (found) lines.push(...wrap(`of ${printable(found.owner)} (pid ${found.pid})`, width, 2));
  for (const problem of problems) lines.push(...formatProblem(problem, paint, width));
  if (devices.length === 0) lines.push(...wrap('no PCI device of the host', width, 2));
  const table = tableOf([...shown.values()].flat(), width, rates);
  if (table && [...shown.values()].some((interrupts) => interrupts.length > 0)) lines.push(paint('dim', header(table)));
  for (const device of devices) {
    lines.push(...titleOf(device, domain, paint, width));
    for (const problem of device.problems) lines.push(...formatProblem(problem, paint, width));
    // if nothing is to be written, the policy or a problem has given the reason
    const hasReason = device.cpus !== null;
    for (const interrupt of shown.get(device) ?? []) {
      const notes = notesOf(interrupt, device, paint, hasReason);
      const text = table
        ? formatRow(interrupt, table, paint, notes)
        : formatSentence(interrupt, rates, paint, width, notes);
      lines.push(...text);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The notes after an interrupt's action: `vCPU 3, remote, no handler yet`. */
function notesOf(interrupt: InterruptPlan, device: DevicePlan, paint: Paint, hasReason: boolean): string {
  const { vcpu } = interrupt;
  return [
    ...(vcpu === null ? [] : [`vCPU ${vcpu}`]),
    ...(isRemote(interrupt, device) ? [paint('yellow', 'remote')] : []),
    ...reasonTexts(interrupt, hasReason),
  ].join(', ');
}

/** `0000:01:00.0 ua-gpu: auto -> 4-7,12-15, node 0, 82 % on vCPU CPUs`, on two lines if it does not fit on one. */
function titleOf(device: DevicePlan, { vcpus }: DomainPlan, paint: Paint, width: number): string[] {
  const { address, alias, element, policy, origin, spread, numaNode, interrupts } = device;
  const cpus = device.cpus && formatCpuset(device.cpus);
  const aliasWidth = Math.min(MAX_ALIAS_WIDTH, width - MARGIN - 1);
  const name = `${address ?? element}${alias === null ? '' : ` ${truncateName(printable(alias), aliasWidth)}`}`;
  const share = deliveryShare(interrupts, vcpus.cpus ?? EMPTY);
  const remote = remoteShare([device]);
  const posted = interrupts.filter(isPosted).length;
  const rest = [
    ...(numaNode === null ? [] : [`node ${numaNode}`]),
    ...(share.all > 0 && vcpus.cpus ? [`${formatShare(share)} on vCPU CPUs`] : []),
    ...(remote.on > 0 ? [`${formatShare(remote)} on other nodes`] : []),
    ...(posted > 0 ? [`${posted === interrupts.length ? 'all' : posted} posted to vCPUs`] : []),
  ].join(', ');
  const before = `: ${policy}${spread ? ' spread' : ''}${ORIGINS[origin]}`;
  const behind = rest === '' ? '' : `, ${rest}`;
  const titled = (text: string) => wrapTitle(name, before + text, 2, paint, width);
  if (cpus === null) return titled(`${policy === 'native' ? '' : ' -> nothing'}${behind}`);
  const room = width - textWidth(`  ${name}${before} -> `);
  const fits = Math.min(cpus.length, MIN_LIST_WIDTH) + behind.length <= room;
  if (fits) return titled(` -> ${elide(cpus, room - behind.length)}${behind}`);
  const list = elide(cpus, Math.max(room, MIN_LIST_WIDTH));
  return [...titled(` -> ${list}`), ...(rest === '' ? [] : wrap(rest, width, MARGIN))];
}

/** A painted name, and the text after it. */
function wrapTitle(name: string, text: string, indent: number, paint: Paint, width: number): string[] {
  const [first = '', ...more] = wrap(name + text, width, indent, indent === 0 ? 2 : MARGIN);
  const margin = ' '.repeat(indent);
  const painted = first.startsWith(margin + name)
    ? margin + paint('bold', name) + first.slice(indent + name.length)
    : first;
  return [painted, ...more];
}

const ORIGINS = {
  entry: '',
  'domain-default': ' (domain default)',
  'guest-file': ' (guests.d)',
  'guest-rule': ' (rule of the host)',
  'host-default': ' (host default)',
} as const;
function formatProblem(problem: Problem, paint: Paint, width: number): string[] {
  const { rule, severity, message } = problemReport(problem);
  const [first = '', ...more] = wrap(`${severity}: ${message} [${rule}]`, width, MARGIN);
  const label = `${severity}:`;
  return [first.replace(label, () => paint(SEVERITIES[severity], label)), ...more];
}
