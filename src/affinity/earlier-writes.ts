import { parseCpuList } from '../domain/cpu-mask.js';
import type { Cpuset } from '../domain/cpuset.js';
import type { Claimant } from '../host/device-owners.js';
import type { DomainState, DomainStates } from '../runtime/domain-state.js';
import type { ContinuityOf } from './continuity.js';
import { addressOf } from './vector-key.js';

/** What earlier passes did, by vectorKey(). */
export interface EarlierWrites {
  /** sets that were written: one that still holds is not written again */
  written: SavedSets;
  /** the masks that vectors had after that, where those are narrower */
  narrowed: SavedSets;
  /** where a vector was still delivered after that, outside of its set, until it occurs */
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

/** The domains whose saved writes include the device's interrupts, in a stable order. */
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
  // thousands of vectors have the same few sets, and on a host at rest hardly any is asked for
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
