import { printableLines } from '../../lib/printable.js';
import { wrap } from '../../lib/text-wrap.js';
import { MIN_WIDTH } from '../../report/text-columns.js';
import { readWatcherStatus, type WatcherStatus } from '../../runtime/watcher-status.js';
import type { Io } from '../io.js';

/** The watcher's state in two lines; undefined if it cannot be known: only root can read it. */
export function watcherText(root: string | undefined, io: Io): string | undefined {
  return root === undefined && io.userId() !== 0 ? undefined : printableLines(textOf(readWatcherStatus(root)));
}

/** The same, wrapped for a terminal, with line ends; empty if it cannot be known. */
export function watcherLines(root: string | undefined, columns: number, io: Io): string {
  const width = Math.max(MIN_WIDTH, columns);
  const lines = watcherText(root, io)
    ?.split('\n')
    .flatMap((line) => wrap(line.trimStart(), width, line.startsWith(' ') ? 2 : 0, 2));
  return lines?.map((line) => `${line}\n`).join('') ?? '';
}

function textOf(status: WatcherStatus | null): string {
  if (status === null) return 'no watcher runs: interrupts that appear from now on are not placed';
  const { pid, since, way, reason, counters } = status;
  const detection = way === 'events' ? 'trace events report new interrupts' : `polling: ${reason}`;
  const managed = `${counters.interrupts} interrupts managed, ${counters.repairs} put back, ${counters.contested} contested`;
  return `watcher: process ${pid} since ${since}, ${managed}\n  ${detection}`;
}
