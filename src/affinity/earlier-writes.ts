import { parseCpuList } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { Claimant } from '../host/device-owners.js';
import type { DomainState, DomainStates } from '../runtime/domain-state.js';
import type { ContinuityOf } from './continuity.js';
import { addressOf } from './vector-key.js';

/** The results of earlier passes, by vectorKey(). */
export interface EarlierWrites {
  /** sets that were written; a set that is still in effect is not written again */
  written: SavedSets;
  /** masks of vectors after the write, if the kernel narrowed them */
  narrowed: SavedSets;
  /** CPUs outside of its set where a vector was delivered after the write, until it next occurs */
  pending: SavedSets;
  continuityOf: ContinuityOf;
}

/** Sets by vectorKey(). */
export type SavedSets = Pick<ReadonlyMap<string, Cpuset>, 'get'>;

const nothingWatched: ContinuityOf = () => 'unknown';

export const NO_WRITES: EarlierWrites = {
  written: new Map(),
  narrowed: new Map(),
  pending: new Map(),
  continuityOf: nothingWatched,
};

/** Domains whose state has a write to an interrupt of the device, in a stable order. */
export function savedClaimants(states: DomainStates, address: string): Claimant[] {
  return states
    .list()
    .sort()
    .flatMap((uuid) => {
      const state = states.read(uuid);
      const isNamed = state && Object.keys(state.written).some((key) => addressOf(key) === address);
      return isNamed ? { name: state.name, uuid } : [];
    });
}

/** @param state without renewed vectors */
export function earlierWrites(state: DomainState | undefined, continuityOf = nothingWatched): EarlierWrites {
  if (!state) return NO_WRITES;
  // parsed on demand and once: thousands of vectors share a few sets, and most are never looked up
  const sets = new Map<string, Cpuset | undefined>();
  const setsOf = (lists: Readonly<Record<string, string>> = {}): SavedSets => ({
    get(key) {
      const list = Object.hasOwn(lists, key) ? lists[key] : undefined;
      if (list !== undefined && !sets.has(list)) sets.set(list, parseCpuList(list));
      return list === undefined ? undefined : sets.get(list);
    },
  });
  return {
    written: setsOf(state.written),
    narrowed: setsOf(state.narrowed),
    pending: setsOf(state.pending),
    continuityOf,
  };
}
