import type { PciAddress } from '../domain/address.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/**
 * msi_irqs is listed at this interval, and whenever the host's number of IRQs has changed: listing costs as much as
 * nine masks. That a vector of the device has gone shows in its mask.
 */
const LIST_INTERVAL_MS = 5000;

/** The IRQ numbers of one device's MSIs, and whether they are still those of the last report. */
export class IrqNumbers {
  /** the list, joined; undefined: the list did not match the last report */
  #listed: string | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** how many IRQs the host had then */
  #hostIrqCount: number | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly address: PciAddress,
  ) {}

  /** In ascending order; empty if they cannot be read. */
  read(): number[] {
    return sorted(numbersIn(this.#list()));
  }

  /** @param hostIrqCount how many IRQs the host has now; undefined: unknown */
  haveChanged(now: number, hostIrqCount: number | undefined): boolean {
    if (this.#listed === undefined) return true;
    const isSameCount = hostIrqCount !== undefined && hostIrqCount === this.#hostIrqCount;
    if (isSameCount && now - this.#listedAt < LIST_INTERVAL_MS) return false;
    this.#listedAt = now;
    this.#hostIrqCount = hostIrqCount;
    return this.#list() !== this.#listed;
  }

  /** Later checks compare with these numbers of a report, provided that they are still true. */
  record(numbers: readonly number[]): void {
    const listed = this.#list();
    this.#listed = sorted(numbersIn(listed)).join() === sorted(numbers).join() ? listed : undefined;
  }

  #list(): string {
    try {
      return (this.files.list(`/sys/bus/pci/devices/${this.address}/msi_irqs`) ?? []).join(' ');
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return '';
    }
  }
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const numbersIn = (listed: string) => (listed === '' ? [] : listed.split(' ').map(Number));
