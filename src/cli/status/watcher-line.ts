import { cpusetOf, formatCpuset } from '../../domain/cpuset.js';
import { RealFs } from '../../host/real-fs.js';
import { printable, printableLines } from '../../lib/printable.js';
import { wrap } from '../../lib/text-wrap.js';
import { MIN_WIDTH } from '../../report/text-columns.js';
import type { ContestedInterrupt } from '../../runtime/counters.js';
import { readWatcherStatus, type WatcherStatus } from '../../runtime/watcher-status.js';
import type { Io } from '../io.js';
import { irqbalanceText, missingWatcherText } from './host-problems.js';

/**
 * The state of the watcher and of irqbalance's policy script, one line each; undefined for other users than root, who
 * cannot read it.
 */
export function watcherText(root: string | undefined, io: Io): string | undefined {
  if (root === undefined && io.userId() !== 0) return undefined;
  const irqbalance = irqbalanceText(new RealFs(root));
  const status = readWatcherStatus(root);
  const text = status ? textOf(status) : missingWatcherText(root);
  return printableLines(text + (irqbalance === undefined ? '' : `\n  ${irqbalance}`));
}

/** The same, wrapped for a terminal, with line ends; empty if it is unknown. */
export function watcherLines(root: string | undefined, columns: number, io: Io): string {
  const width = Math.max(MIN_WIDTH, columns);
  const lines = watcherText(root, io)
    ?.split('\n')
    .flatMap((line) => wrap(line.trimStart(), width, line.startsWith(' ') ? 2 : 0, 2));
  return lines?.map((line) => `${line}\n`).join('') ?? '';
}

function textOf(status: WatcherStatus): string {
  const { pid, since, way, reason, counters, contested } = status;
  const detection = way === 'events' ? 'trace events report new interrupts' : `polling: ${reason}`;
  const managed = `${counters.interrupts} interrupts managed, ${counters.repairs} repair${counters.repairs === 1 ? '' : 's'}`;
  return `watcher: process ${pid} since ${since}, ${managed}\n  ${detection}${contestedText(contested ?? [], counters.contestedNow ?? 0)}`;
}

/** Maximum number of contested interrupts that are listed. */
const MAX_LISTED = 100;

/** A line with the interrupts that another program keeps moving; empty if there are none. */
function contestedText(contested: readonly ContestedInterrupt[], count: number): string {
  if (count === 0) return '';
  const groups = new Map<string, number[]>();
  const listed = contested.slice(0, MAX_LISTED);
  for (const { domain, address, irq } of listed) {
    const device = `${printable(domain)} ${address}`;
    groups.set(device, [...(groups.get(device) ?? []), irq]);
  }
  const devices = [...groups].map(([device, irqs]) => `${device} IRQ ${formatCpuset(cpusetOf(irqs))}`);
  const more = count > listed.length ? `, and ${count - listed.length} more` : '';
  return `\n  contested, another program keeps moving ${count === 1 ? 'it' : 'them'}: ${devices.join(', ')}${more}`;
}
