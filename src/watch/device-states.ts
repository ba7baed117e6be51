import type { DevicePlan } from '../affinity/domain-plan.js';
import { readInterruptCounts } from '../host/interrupt-counts.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
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
