import { parseCpuList } from '../domain/cpu-mask.js';
import { EMPTY, isSubset } from '../domain/cpuset.js';
import { printable } from '../lint/formats/printable.js';
import type { Paint } from '../lint/formats/text.js';
import type { Severity } from '../lint/rule.js';
import { formatShare, landed } from './landed.js';
import { formatRate, interruptKey, type Rates } from './rates.js';
import type { DeviceReport, DomainReport, EnforceReport, InterruptReport, Problem } from './report.js';
import { clip, elide, shrink, wrap } from './text-columns.js';

type Style = Parameters<Paint>[0];
const SEVERITIES = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<Severity, Style>;
const ACTIONS = { set: 'cyan', keep: 'dim', skip: 'dim', fail: 'red' } as const satisfies Record<string, Style>;

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
  const share = landed(interrupts, vcpus);
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

interface Table {
  irq: number;
  type: number;
  lists: [asked: number, effective: number, wanted: number];
  rates: Rates | undefined;
}

const HEADINGS = ['ASKED', 'EFFECTIVE', 'WANTED'] as const;
/** Between the edge and the first column; between columns; the last column, of actions. */
const MARGIN = 4;
const GAP = 2;
const ACTION = 6;

function tableOf(devices: readonly DeviceReport[], width: number, rates: Rates | undefined): Table {
  const interrupts = devices.flatMap((device) => device.interrupts);
  const longest = (heading: string, text: (interrupt: InterruptReport) => string) =>
    interrupts.reduce((most, interrupt) => Math.max(most, text(interrupt).length), heading.length);
  const irq = longest('IRQ', (interrupt) => `${interrupt.irq}`);
  const type = longest('TYPE', typeOf);
  const lists = HEADINGS.map((heading, index) => longest(heading, (one) => listsOf(one)[index] as string));
  const room = width - MARGIN - irq - type - rateWidth(rates) - ACTION - 5 * GAP;
  return { irq, type, lists: shrink(lists, room) as Table['lists'], rates };
}

/** With the gap before it. */
const rateWidth = (rates: Rates | undefined) => (rates ? GAP + RATE : 0);
const RATE = 'PER S'.length;

function header({ irq, type, lists, rates }: Table): string {
  const headings = HEADINGS.map((heading, index) => heading.padEnd(lists[index] as number));
  const columns = [...headings, ...(rates ? ['PER S'] : []), 'ACTION'];
  return `${' '.repeat(MARGIN)}${['IRQ'.padStart(irq), 'TYPE'.padEnd(type), ...columns].join('  ')}`;
}

function formatInterrupt(
  interrupt: InterruptReport,
  { irq, type, lists, rates }: Table,
  paint: Paint,
  width: number,
  reasoned: boolean,
): string[] {
  const styles = wrongs(interrupt);
  const cells = listsOf(interrupt).map((list, index) => {
    const column = lists[index] as number;
    const text = elide(list, column);
    const style = styles[index];
    return (style ? paint(style, text) : text) + ' '.repeat(column - text.length);
  });
  const { action } = interrupt;
  if (rates) cells.push(formatRate(rates.get(interruptKey(interrupt))).padStart(RATE));
  const left = [`${interrupt.irq}`.padStart(irq), typeOf(interrupt).padEnd(type), ...cells];
  const line = `${' '.repeat(MARGIN)}${left.join('  ')}  ${paint(ACTIONS[action], action)}`;
  const reason = reasoned && interrupt.reason !== null ? printable(interrupt.reason) : '';
  if (reason === '') return [line];
  const used =
    MARGIN + irq + type + lists.reduce((sum, column) => sum + column, 0) + rateWidth(rates) + ACTION + 5 * GAP;
  if (used + GAP + reason.length <= width) return [`${line}  ${reason}`];
  const indent = ' '.repeat(MARGIN + irq + GAP);
  return [line, ...wrap(reason, width - indent.length).map((text) => `${indent}${text}`)];
}

/** What is asked or used outside of what is wanted. */
function wrongs({ affinity, effective, wanted }: InterruptReport): (Style | undefined)[] {
  if (wanted === null) return [];
  const outside = (list: string | null) =>
    list !== null && !isSubset(parseCpuList(list) ?? EMPTY, parseCpuList(wanted) ?? EMPTY);
  return [outside(affinity) ? 'yellow' : undefined, outside(effective) ? 'red' : undefined];
}

const typeOf = ({ type, vector }: InterruptReport) => (vector === null ? type : `${type}[${vector}]`);
const listsOf = ({ affinity, effective, wanted }: InterruptReport) => [
  affinity ?? '-',
  effective ?? '-',
  wanted ?? '-',
];

function formatProblem({ rule, severity, message }: Problem, paint: Paint, width: number): string[] {
  const indent = ' '.repeat(MARGIN);
  const [first = '', ...more] = wrap(`${severity}: ${printable(message)} [${rule}]`, width - MARGIN);
  const painted = paint(SEVERITIES[severity], first.slice(0, severity.length + 1)) + first.slice(severity.length + 1);
  return [painted, ...more].map((text) => `${indent}${text}`);
}
