import type { DomainState } from '../runtime/domain-state.js';

/**
 * Whether the vector that has a key now is the one that earlier passes knew by it. same: a descriptor that was open all
 * the time proves it; renewed: it was freed, and another one has its number; unknown: nothing watched it, and only its
 * mask can tell.
 */
export type Continuity = 'same' | 'renewed' | 'unknown';

/** By vectorKey(). */
export type ContinuityOf = (key: string) => Continuity;

/** The state without what was written to vectors that were freed since: it says nothing of their successors. */
export function withoutRenewed(state: DomainState, continuityOf: ContinuityOf): DomainState {
  const renewed = new Set(Object.keys(state.written).filter((key) => continuityOf(key) === 'renewed'));
  if (renewed.size === 0) return state;
  const kept = (lists: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(lists).filter(([key]) => !renewed.has(key)));
  const { written, narrowed, pending, ...rest } = state;
  return {
    ...rest,
    written: kept(written),
    ...(narrowed ? { narrowed: kept(narrowed) } : {}),
    ...(pending ? { pending: kept(pending) } : {}),
  };
}
