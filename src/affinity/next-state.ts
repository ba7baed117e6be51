import { type Cpuset, EMPTY, equal, formatCpuset, isSubset } from '../domain/cpuset.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { DomainState } from '../runtime/domain-state.js';
import type { AffinityWrite } from './apply-plan.js';
import type { DomainPlan, InterruptPlan } from './domain-plan.js';
import { type LineInputs, MovedLines } from './moved-lines.js';
import { addressOf, vectorKey } from './vector-key.js';

/**
 * The state before a pass writes legacy lines: their present masks are added, as a line outlives its domain and is
 * restored later. Returns `before` if no line is to be written.
 */
export function withLinesOf(
  { name }: PlainDefinition,
  before: DomainState | undefined,
  { devices }: DomainPlan,
  inputs: LineInputs,
): DomainState | undefined {
  const lines = new MovedLines(before, inputs);
  let isNew = false;
  for (const { address, interrupts } of devices) {
    for (const { irq, vector, action, affinity, target } of interrupts) {
      if (action !== 'set' || vector !== null || !affinity || !target || address === null) continue;
      lines.aboutToMove({ irq, address }, affinity, target);
      isNew = true;
    }
  }
  if (!isNew) return before;
  return { ...(before ?? { schemaVersion: 1, name, written: {} }), lines: lines.all };
}

/** The state after a pass. Vectors that are gone are removed. A line keeps the mask from before our first write. */
export function nextState(
  { name }: PlainDefinition,
  before: DomainState | undefined,
  { devices }: DomainPlan,
  writes: readonly AffinityWrite[],
  inputs: LineInputs,
  only?: ReadonlySet<string>,
): DomainState {
  const alive = new Map<string, InterruptPlan>();
  for (const { address, interrupts } of devices) {
    for (const one of interrupts) alive.set(vectorKey(address ?? '', one.irq, one.handlers[0] ?? ''), one);
  }
  // devices that were not checked, or could not be read, keep their entries
  const unread = new Set<string | null>(devices.filter((device) => device.isUnreadable).map(({ address }) => address));
  const isUnseen = (key: string) => unread.has(addressOf(key)) || (only !== undefined && !only.has(addressOf(key)));
  const isPending = (key: string, effective: string) => formatCpuset(alive.get(key)?.effective ?? EMPTY) === effective;
  const written = new Map(Object.entries(before?.written ?? {}).filter(([key]) => alive.has(key) || isUnseen(key)));
  const pending = new Map(
    Object.entries(before?.pending ?? {}).filter(([key, effective]) => isPending(key, effective) || isUnseen(key)),
  );
  const narrowed = new Map(Object.entries(before?.narrowed ?? {}).filter(([key]) => written.has(key)));
  const setMask = (key: string, mask: Cpuset | undefined, set: Cpuset) => {
    if (mask && isSubset(mask, set) && !equal(mask, set)) narrowed.set(key, formatCpuset(mask));
    else narrowed.delete(key);
  };
  for (const [key, { action, affinity, target, reason }] of alive) {
    // it still has the rest of the set
    if (action !== 'keep' || !affinity || !target || reason?.code === 'target-full') continue;
    // a pass that was killed before it saved this set may have written it
    if (written.get(key) !== formatCpuset(target)) written.delete(key);
    setMask(key, written.has(key) ? affinity : undefined, target);
  }
  const lines = new MovedLines(before, inputs);
  for (const { key, irq, vector, before: mask, cpus: set, after, pending: effective, hasGone } of writes) {
    if (hasGone) written.delete(key);
    else written.set(key, formatCpuset(set));
    setMask(key, after, set);
    pending.delete(key);
    if (effective !== undefined) pending.set(key, formatCpuset(effective));
    if (vector === null) lines.moved({ irq, address: addressOf(key) }, mask, set);
  }
  return {
    schemaVersion: 1,
    name,
    written: Object.fromEntries(written),
    lines: lines.all,
    ...(narrowed.size > 0 ? { narrowed: Object.fromEntries(narrowed) } : {}),
    ...(pending.size > 0 ? { pending: Object.fromEntries(pending) } : {}),
  };
}
