import { parseCpuList } from '../domain/cpu-mask.js';
import { formatCpuset, union } from '../domain/cpuset.js';
import type { Definition } from '../domain/definition.js';
import type { DomainState } from '../runtime/domain-state.js';
import type { AffinityWrite } from './apply-plan.js';
import { type LineInputs, MovedLines } from './moved-lines.js';
import { isUnreadable } from './problems.js';
import type { DomainReport } from './report.js';
import { addressOf, vectorKey } from './vector-key.js';

/**
 * The state with what the lines have that are about to be written: a line outlives its domain, and gets that back one day.
 * The state as it is where nothing has to be added.
 */
export function withLinesOf(
  { name }: Definition,
  before: DomainState | undefined,
  { devices }: DomainReport,
  inputs: LineInputs,
): DomainState | undefined {
  const lines = new MovedLines(before, inputs);
  let isNew = false;
  for (const { address, interrupts } of devices) {
    for (const { irq, vector, action, affinity, wanted } of interrupts) {
      if (action !== 'set' || vector !== null || affinity === null || wanted === null || address === null) continue;
      // until it is written, the set of before is ours too
      const united = (known = '') => formatCpuset(union(parseCpuList(known) ?? [], parseCpuList(wanted) ?? []));
      lines.moved(irq, address, affinity, united);
      isNew = true;
    }
  }
  if (!isNew) return before;
  return { ...(before ?? { schemaVersion: 1, name, written: {} }), lines: lines.all };
}

/** Vectors that are gone are forgotten; of a line, the mask of before our first write is kept. */
export function nextState(
  { name }: Definition,
  before: DomainState | undefined,
  { devices }: DomainReport,
  writes: readonly AffinityWrite[],
  inputs: LineInputs,
  only?: ReadonlySet<string>,
): DomainState {
  const alive = new Map(
    devices.flatMap(({ address, interrupts }) =>
      interrupts.map(
        ({ irq, handlers, effective }) => [vectorKey(address ?? '', irq, handlers[0] ?? ''), effective] as const,
      ),
    ),
  );
  // of what was not looked at, or could not be, nothing is known
  const unread = new Set(devices.filter(isUnreadable).map(({ address }) => address));
  const isUnseen = (key: string) => unread.has(addressOf(key)) || (only !== undefined && !only.has(addressOf(key)));
  const written = new Map(Object.entries(before?.written ?? {}).filter(([key]) => alive.has(key) || isUnseen(key)));
  const pending = new Map(
    Object.entries(before?.pending ?? {}).filter(([key, effective]) => alive.get(key) === effective || isUnseen(key)),
  );
  const lines = new MovedLines(before, inputs);
  for (const { key, irq, vector, before: mask, cpus, pending: effective } of writes) {
    written.set(key, cpus);
    pending.delete(key);
    if (effective !== undefined) pending.set(key, effective);
    if (vector === null) lines.moved(irq, addressOf(key), mask, () => cpus);
  }
  return {
    schemaVersion: 1,
    name,
    written: Object.fromEntries(written),
    lines: lines.all,
    ...(pending.size > 0 ? { pending: Object.fromEntries(pending) } : {}),
  };
}
