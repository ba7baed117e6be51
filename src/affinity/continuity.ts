import type { DomainState } from '../runtime/domain-state.js';

/**
 * Whether the vector that has a key now is the one that earlier passes saved under that key. same: a descriptor that
 * has been open since then proves it; renewed: it was freed, and another vector has its number; unknown: no descriptor
 * was open, and only its mask can show it.
 */
export type Continuity = 'same' | 'renewed' | 'unknown';

/** By vectorKey(). */
export type ContinuityOf = (key: string) => Continuity;

/**
 * The state without the entries of vectors that were freed since. Another vector with the same key must not inherit
 * them.
 */
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
