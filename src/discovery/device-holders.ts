import { parseAddress } from '../domain/address.js';
import { OpenDevicesCache } from '../host/open-devices.js';
import { isRunning } from '../host/process-id.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';

/** A list of open devices is used again for this long: a vector that cannot be placed may be named again and again. */
const OPEN_DEVICES_AGE_MS = 50;

/** Who had which device open at the last search, and whether that is still so. */
export class DeviceHolders {
  readonly #openDevices: OpenDevicesCache;
  /** by address */
  #holders = new Map<string, QemuProcess>();

  constructor(private readonly files: PseudoFs) {
    this.#openDevices = new OpenDevicesCache(files);
  }

  set(qemus: readonly QemuProcess[]): void {
    this.#holders = new Map(qemus.flatMap((qemu) => qemu.devices.map((address) => [address, qemu] as const)));
  }

  /** The running process with this pid, if it had a device. */
  byPid(pid: number | undefined): QemuProcess | undefined {
    const holder = [...this.#holders.values()].find(({ id }) => id.pid === pid);
    return holder && this.#runs(holder) ? holder : undefined;
  }

  /** Whether the process that had the device has it open; false if that cannot be read, since it may hide a change. */
  isHeld(address: string, now: number): boolean {
    const holder = this.#holders.get(address);
    const known = parseAddress(address);
    if (!holder || !known || !this.#runs(holder)) return false;
    try {
      const isOpen = this.#openDevices.isOpen(holder.id.pid, known, now, OPEN_DEVICES_AGE_MS);
      // undefined: unknown below a --root
      return isOpen === undefined || isOpen === true;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return false;
    }
  }

  #runs({ id }: QemuProcess): boolean {
    try {
      return isRunning(this.files, id);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return true;
    }
  }
}
