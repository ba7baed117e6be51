import type { WatcherStatus } from './status-file.js';

/** What `status` says of the watcher: how it learns of new interrupts, and what it holds. */
export function watcherLine(status: WatcherStatus | null): string {
  if (status === null) return 'no watcher runs: interrupts that appear from now on are not placed';
  const { pid, since, way, reason, counters } = status;
  const learns = way === 'events' ? 'trace events report new interrupts' : `polling: ${reason}`;
  const managed = `${counters.interrupts} interrupts managed, ${counters.repairs} put back, ${counters.contested} contested`;
  return `watcher: process ${pid} since ${since}, ${managed}\n  ${learns}`;
}
