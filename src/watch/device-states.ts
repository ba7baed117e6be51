import type { DevicePlan } from '../affinity/domain-plan.js';
import { readInterruptCounts } from '../host/interrupt-counts.js';
import type { PostedVectors } from '../host/posted-vectors.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { ContestedInterrupt, DomainCounts, StrayCount } from '../runtime/counters.js';
import type { PublishedPosting } from '../runtime/posting-status.js';
import { type DeviceCheck, DeviceState } from './device-state.js';
import type { CheckResult } from './interrupt-state.js';
import type { ReconcileResult } from './result.js';

interface DevicesCheck extends DeviceCheck {
  result: ReconcileResult;
}

/** The devices of one domain whose policy gives them CPUs, by address; empty before the first full check. */
export class DeviceStates {
  readonly byAddress = new Map<string, DeviceState>();

  constructor(private readonly files: PseudoFs) {}

  /** The state of a planned device. Undefined if its interrupts are not to be written; the state is then dropped. */
  stateOf({ address, cpus }: Pick<DevicePlan, 'address' | 'cpus'>): DeviceState | undefined {
    if (address === null) return undefined;
    const known = this.byAddress.get(address);
    if (cpus === null) {
      known?.close();
      this.byAddress.delete(address);
      return undefined;
    }
    const state = known ?? new DeviceState(this.files, address);
    this.byAddress.set(address, state);
    return state;
  }

  keepOnly(addresses: ReadonlySet<string | null>): void {
    for (const [address, state] of this.byAddress) {
      if (addresses.has(address)) continue;
      state.close();
      this.byAddress.delete(address);
    }
  }

  /**
   * Counts what was delivered outside the policies' sets since the last time; what cannot be read is not counted.
   * @param addresses of the devices that have just been checked
   * @param useTable whether /proc/interrupts may be read, which is long on a large host
   */
  countStrays(addresses: ReadonlySet<string | null>, useTable: boolean): void {
    const devices = [...this.byAddress.values()].filter(({ address, targets }) => targets && addresses.has(address));
    const interrupts = devices.map((device) => [...device.managed()]);
    const irqs = interrupts.flat().map(({ irq }) => irq);
    try {
      const counts = irqs.length > 0 ? readInterruptCounts(this.files, irqs, useTable) : new Map();
      devices.forEach(({ strays, targets }, index) => {
        if (targets) strays.look(interrupts[index] ?? [], counts, targets.cpus);
      });
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }

  /** Interrupts that another program keeps moving. */
  contested(now: number): Omit<ContestedInterrupt, 'domain'>[] {
    return [...this.byAddress].flatMap(([address, { interrupts }]) =>
      [...interrupts].flatMap(([irq, { repairs }]) => (repairs.isContested(now) ? { address, irq } : [])),
    );
  }

  counts(posted: PostedVectors, now: number): Omit<DomainCounts, 'domain'> {
    const devices = [...this.byAddress.values()];
    const sum = (count: (device: DeviceState) => number) => devices.reduce((total, one) => total + count(one), 0);
    return {
      devices: devices.length,
      interrupts: sum(({ managedCount }) => managedCount),
      misplaced: sum(({ counts }) => counts.misplaced),
      contested: this.contested(now).length,
      remote: sum(({ counts }) => counts.remote),
      posted: this.postings(posted).filter(({ isPosted }) => isPosted).length,
      unreadable: sum(({ counts }) => counts.unreadable),
      unreadableDevices: sum(({ hasBeenUnreadable }) => Number(hasBeenUnreadable)),
    };
  }

  /** What is known of the posting of the interrupts. */
  postings(posted: PostedVectors): Omit<PublishedPosting, 'domain'>[] {
    return [...this.byAddress].flatMap(([address, { interrupts }]) =>
      [...interrupts].flatMap(([irq, { handler }]) => {
        const known = handler === undefined ? undefined : posted.of(irq);
        return known && handler ? { address, irq, handler, ...known } : [];
      }),
    );
  }

  /** How many interrupts were delivered outside the wanted set. */
  strays(): Omit<StrayCount, 'domain'>[] {
    return [...this.byAddress].map(([address, { strays }]) => ({ address, count: strays.total }));
  }

  /** Devices with interrupts that are recorded as posted, but that the host has taken. */
  noLongerPosted(posted: PostedVectors, only?: ReadonlySet<string>): DeviceState[] {
    const devices = [...this.byAddress.values()].filter(({ address }) => !only || only.has(address));
    const irqs = devices.flatMap(({ interrupts }) => [...interrupts.keys()].filter((irq) => posted.isPosted(irq)));
    if (irqs.length === 0) return [];
    const taken = posted.takeCounts(readInterruptCounts(this.files, irqs));
    return devices.filter(({ interrupts }) => taken.some((irq) => interrupts.has(irq)));
  }

  /** Results by address, without the devices that get a full check soon anyway. */
  check({ now, hostIrqCount, delivery = false, result }: DevicesCheck): Map<string, CheckResult> {
    const results = new Map<string, CheckResult>();
    for (const [address, device] of this.byAddress) {
      if (device.hasPendingCheck || device.isUnreadable(now)) continue;
      result.checked += device.interrupts.size;
      results.set(address, device.check({ now, hostIrqCount, delivery }));
    }
    if (![...results.values()].includes('renewed')) return results;
    // another device may have gained as many IRQs as this one lost: the host's number of IRQs is the same then
    for (const [address, found] of results) {
      if (found !== 'same') continue;
      const device = this.byAddress.get(address);
      results.set(address, device?.check({ now, hostIrqCount: () => undefined }) ?? found);
    }
    return results;
  }
}
