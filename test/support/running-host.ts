import { layOutRunning, type RunningGuest } from '../simulator/running-guests.js';
import { TemporaryFolder } from './temporary-folder.js';

/** A host of 16 CPUs on two nodes with these guests, in the folder `host` of a temporary one. */
export class RunningHost extends TemporaryFolder {
  readonly root = this.join('host');

  constructor(guests: readonly RunningGuest[]) {
    super();
    layOutRunning(this.root, 16, guests);
  }
}

/** A guest on CPUs 2 and 3 with a device on node 0. */
export function guestOn(name: string, ...interrupts: RunningGuest['devices'][number]['interrupts']): RunningGuest {
  return { name, cpus: [2, 3], devices: [{ node: 0, interrupts }] };
}

export const IN_PLACE = { affinity: '2-3', effective: '2', counts: { '2': 100 } };
/** Delivered to the other node. */
export const ELSEWHERE = { affinity: '0-15', effective: '9', counts: { '9': 300 } };
