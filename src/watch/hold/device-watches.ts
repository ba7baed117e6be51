import { parseAddress } from '../../domain/address.js';
import type { DeviceReport } from '../../enforce/report.js';
import type { Files } from '../../host/files.js';
import { DeviceWatch } from './device-watch.js';

/** The devices of a domain with a policy that comes to something, by address; before the first close look, none. */
export class DeviceWatches {
  readonly watches = new Map<string, DeviceWatch>();

  constructor(private readonly files: Files) {}

  /** The watch of a device that was reported; none, and none is kept, where nothing is to be written to it. */
  watchOf({ address, cpus }: Pick<DeviceReport, 'address' | 'cpus'>): DeviceWatch | undefined {
    const pci = parseAddress(address ?? '');
    if (!pci) return undefined;
    const known = this.watches.get(pci);
    if (cpus === null) {
      known?.close();
      this.watches.delete(pci);
      return undefined;
    }
    const watch = known ?? new DeviceWatch(this.files, pci);
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
}
