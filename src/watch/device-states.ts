import type { DevicePlan } from '../affinity/domain-plan.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
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
