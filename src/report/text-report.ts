import type { DevicePlan, DomainPlan } from '../affinity/domain-plan.js';
import type { Problem } from '../affinity/problems.js';
import { EMPTY, formatCpuset } from '../domain/cpuset.js';
import { printable } from '../lib/printable.js';
import type { Paint } from '../lint/formats/text.js';
import type { Severity } from '../lint/rule.js';
import { deliveryShare, formatShare } from './delivery-share.js';
import { problemReport } from './problem-report.js';
import type { Rates } from './rates.js';
import { summaryOf } from './report.js';
import { clip, elide, wrap } from './text-columns.js';
import { formatInterrupt, header, MARGIN, type Table, tableOf } from './text-table.js';

const SEVERITIES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<
  Severity,
  Parameters<Paint>[0]
>;

/**
 * plan, enforce and status for people: a line for each interrupt, what is not as wanted in colour. Ends with a line break.
 * @param width columns of the terminal; from 72 on no line is longer
 * @param rates adds a column
 */
export function formatReport(plans: readonly DomainPlan[], paint: Paint, width: number, rates?: Rates): string {
  const parts = plans.map((domain) => formatDomain(domain, paint, width, rates));
  const { set, kept, skipped, failed } = summaryOf(plans);
  const counts = `${set} set, ${kept} kept, ${skipped} skipped, ${failed} failed`;
  return `${[...parts, paint(failed > 0 ? 'red' : 'bold', counts)].join('\n')}\n`;
}

function formatDomain(domain: DomainPlan, paint: Paint, width: number, rates: Rates | undefined): string {
  const { name, vcpus, devices, problems } = domain;
  const title = clip(printable(name), Math.floor(width / 3));
  const source = vcpus.source === 'threads' ? "QEMU's threads" : 'definition';
  const room = width - [...title].length - source.length - ' (vCPUs: CPU , from )'.length;
  const cpus = vcpus.cpus ? `CPU ${elide(formatCpuset(vcpus.cpus), room)}` : 'any CPU';
  const lines = [`${paint('bold', title)} (vCPUs: ${cpus}, from ${source})`];
  for (const problem of problems) lines.push(...formatProblem(problem, paint, width));
  if (devices.length === 0) lines.push('  no PCI device of the host');
  const table = tableOf(devices, width, rates);
  if (devices.some(({ interrupts }) => interrupts.length > 0)) lines.push(paint('dim', header(table)));
  for (const device of devices) lines.push(...formatDevice(device, domain, table, paint, width));
  return `${lines.join('\n')}\n`;
}

function formatDevice(device: DevicePlan, domain: DomainPlan, table: Table, paint: Paint, width: number): string[] {
  const { interrupts, problems, cpus } = device;
  const lines = titleOf(device, domain, paint, width);
  for (const problem of problems) lines.push(...formatProblem(problem, paint, width));
  // if nothing is to be written, the policy or a problem has said why
  for (const interrupt of interrupts) lines.push(...formatInterrupt(interrupt, table, paint, width, cpus !== null));
  return lines;
}

/** `0000:01:00.0 ua-gpu: auto -> 4-7,12-15, node 0, 82 % on vCPU CPUs`, on two lines if one is too short. */
function titleOf(device: DevicePlan, { vcpus }: DomainPlan, paint: Paint, width: number): string[] {
  const { address, alias, element, policy, origin, numaNode, interrupts } = device;
  const cpus = device.cpus && formatCpuset(device.cpus);
  const name = `${address ?? element}${alias === null ? '' : ` ${clip(printable(alias), 20)}`}`;
  const share = deliveryShare(interrupts, vcpus.cpus ?? EMPTY);
  const rest = [
    ...(numaNode === null ? [] : [`node ${numaNode}`]),
    ...(share.all > 0 && vcpus.cpus ? [`${formatShare(share)} on vCPU CPUs`] : []),
  ].join(', ');
  const before = `: ${policy}${ORIGINS[origin]}`;
  const start = `  ${paint('bold', name)}${before}`;
  const behind = rest === '' ? '' : `, ${rest}`;
  if (cpus === null) return [`${start}${policy === 'native' ? '' : ' -> nothing'}${behind}`];
  const room = width - `  ${name}${before} -> `.length;
  const fits = Math.min(cpus.length, MIN_LIST_WIDTH) + behind.length <= room;
  if (fits) return [`${start} -> ${elide(cpus, room - behind.length)}${behind}`];
  return [`${start} -> ${elide(cpus, room)}`, ' '.repeat(MARGIN) + rest];
}

const ORIGINS = { entry: '', 'domain-default': ' (domain default)', 'host-default': ' (host default)' } as const;
/** A CPU list is cut to this many characters before the second half of the title gets its own line. */
const MIN_LIST_WIDTH = 12;

function formatProblem(problem: Problem, paint: Paint, width: number): string[] {
  const { rule, severity, message } = problemReport(problem);
  const indent = ' '.repeat(MARGIN);
  const [first = '', ...more] = wrap(`${severity}: ${printable(message)} [${rule}]`, width - MARGIN);
  const painted = paint(SEVERITIES[severity], first.slice(0, severity.length + 1)) + first.slice(severity.length + 1);
  return [painted, ...more].map((text) => `${indent}${text}`);
}
