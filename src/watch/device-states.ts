import type { DeviceReport } from '../affinity/report.js';
import { parseAddress } from '../domain/address.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { type DeviceLook, DeviceState } from './device-state.js';
import type { ReconcileResult } from './events.js';
import type { Look } from './interrupt-state.js';

/** A look at all of them, and what it is counted in. */
interface DevicesLook extends DeviceLook {
  run: ReconcileResult;
}

/** The devices of a domain with a policy that comes to something, by address; before the first close look, none. */
export class DeviceStates {
  readonly watches = new Map<string, DeviceState>();

  constructor(private readonly files: PseudoFs) {}

  /** The watch of a device that was reported; none, and none is kept, where nothing is to be written to it. */
  watchOf({ address, cpus }: Pick<DeviceReport, 'address' | 'cpus'>): DeviceState | undefined {
    const pci = parseAddress(address ?? '');
    if (!pci) return undefined;
    const known = this.watches.get(pci);
    if (cpus === null) {
      known?.close();
      this.watches.delete(pci);
      return undefined;
    }
    const watch = known ?? new DeviceState(this.files, pci);
    this.watches.set(pci, watch);
    return watch;
  }

  closeAllBut(addresses: ReadonlySet<string | null>): void {
    for (const [address, watch] of this.watches) {
      if (addresses.has(address)) continue;
      watch.close();
      this.watches.delete(address);
    }
  }

  /** What those look like that are not to be looked at closely soon, by address. */
  look({ now, numbers, beyondMasks = false, run }: DevicesLook): Map<string, Look> {
    const looks = new Map<string, Look>();
    for (const [address, device] of this.watches) {
      if (device.isAhead || device.rests(now)) continue;
      run.looked += device.interrupts.size;
      looks.set(address, device.look({ now, numbers, beyondMasks }));
    }
    if (![...looks.values()].includes('renewed')) return looks;
    // another may have as many more: how many numbers the host has says nothing then
    for (const [address, look] of looks) {
      if (look === 'same')
        looks.set(address, this.watches.get(address)?.look({ now, numbers: () => undefined }) ?? look);
    }
    return looks;
  }
}
