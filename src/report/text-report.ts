import type { DeviceReport, DomainReport, EnforceReport, Problem } from '../affinity/report.js';
import { parseCpuList } from '../domain/cpu-mask.js';
import { EMPTY } from '../domain/cpuset.js';
import { printable } from '../lib/printable.js';
import type { Paint } from '../lint/formats/text.js';
import type { Severity } from '../lint/rule.js';
import { deliveryShare, formatShare } from './delivery-share.js';
import type { Rates } from './rates.js';
import { clip, elide, wrap } from './text-columns.js';
import { formatInterrupt, header, MARGIN, type Table, tableOf } from './text-table.js';

const SEVERITIES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<
  Severity,
  Parameters<Paint>[0]
>;

/**
 * plan, enforce and status for people: a line an interrupt, what is not where it should be in colour. Ends with a line break.
 * @param width columns of the terminal; from 72 on no line is longer
 * @param rates one column more
 */
export function formatReport({ domains, summary }: EnforceReport, paint: Paint, width: number, rates?: Rates): string {
  const parts = domains.map((domain) => formatDomain(domain, paint, width, rates));
  const { set, kept, skipped, failed } = summary;
  const counts = `${set} set, ${kept} kept, ${skipped} skipped, ${failed} failed`;
  return `${[...parts, paint(failed > 0 ? 'red' : 'bold', counts)].join('\n')}\n`;
}

function formatDomain(domain: DomainReport, paint: Paint, width: number, rates: Rates | undefined): string {
  const { name, vcpuCpus, vcpuSource, devices, problems } = domain;
  const title = clip(printable(name), Math.floor(width / 3));
  const source = vcpuSource === 'threads' ? "QEMU's threads" : 'definition';
  const room = width - [...title].length - source.length - ' (vCPUs: CPU , from )'.length;
  const vcpus = vcpuCpus === null ? 'any CPU' : `CPU ${elide(vcpuCpus, room)}`;
  const lines = [`${paint('bold', title)} (vCPUs: ${vcpus}, from ${source})`];
  for (const problem of problems) lines.push(...formatProblem(problem, paint, width));
  if (devices.length === 0) lines.push('  no PCI device of the host');
  const table = tableOf(devices, width, rates);
  if (devices.some(({ interrupts }) => interrupts.length > 0)) lines.push(paint('dim', header(table)));
  for (const device of devices) lines.push(...formatDevice(device, domain, table, paint, width));
  return `${lines.join('\n')}\n`;
}

function formatDevice(device: DeviceReport, domain: DomainReport, table: Table, paint: Paint, width: number): string[] {
  const { interrupts, problems, cpus } = device;
  const lines = titleOf(device, domain, paint, width);
  for (const problem of problems) lines.push(...formatProblem(problem, paint, width));
  // where nothing is wanted it is for one reason, which the policy or a problem has given
  for (const interrupt of interrupts) lines.push(...formatInterrupt(interrupt, table, paint, width, cpus !== null));
  return lines;
}

/** `0000:01:00.0 ua-gpu: auto -> 4-7,12-15, node 0, 82 % on vCPU CPUs`, on two lines where one is too short. */
function titleOf(device: DeviceReport, { vcpuCpus }: DomainReport, paint: Paint, width: number): string[] {
  const { address, alias, element, policy, origin, cpus, numaNode, interrupts } = device;
  const name = `${address ?? element}${alias === null ? '' : ` ${clip(printable(alias), 20)}`}`;
  const vcpus = parseCpuList(vcpuCpus ?? '') ?? EMPTY;
  const share = deliveryShare(interrupts, vcpus);
  const rest = [
    ...(numaNode === null ? [] : [`node ${numaNode}`]),
    ...(share.all > 0 && vcpus.length > 0 ? [`${formatShare(share)} on vCPU CPUs`] : []),
  ].join(', ');
  const before = `: ${policy}${ORIGINS[origin]}`;
  const start = `  ${paint('bold', name)}${before}`;
  const behind = rest === '' ? '' : `, ${rest}`;
  if (cpus === null) return [`${start}${policy === 'native' ? '' : ' -> nothing'}${behind}`];
  const room = width - `  ${name}${before} -> `.length;
  const fits = Math.min(cpus.length, SHORTEST) + behind.length <= room;
  if (fits) return [`${start} -> ${elide(cpus, room - behind.length)}${behind}`];
  return [`${start} -> ${elide(cpus, room)}`, ' '.repeat(MARGIN) + rest];
}

const ORIGINS = { entry: '', 'domain-default': ' (domain default)', 'host-default': ' (host default)' } as const;
/** Characters of a CPU list that are worth showing. */
const SHORTEST = 12;

function formatProblem({ rule, severity, message }: Problem, paint: Paint, width: number): string[] {
  const indent = ' '.repeat(MARGIN);
  const [first = '', ...more] = wrap(`${severity}: ${printable(message)} [${rule}]`, width - MARGIN);
  const painted = paint(SEVERITIES[severity], first.slice(0, severity.length + 1)) + first.slice(severity.length + 1);
  return [painted, ...more].map((text) => `${indent}${text}`);
}
