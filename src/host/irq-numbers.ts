import type { PciAddress } from '../domain/address.js';
import { FileError, type PseudoFs } from './pseudo-fs.js';

/**
 * msi_irqs is listed at this interval, and when the host's number of IRQs has changed: a listing costs as much as
 * reading nine masks. In between, a vector that has gone is noticed when its mask is read.
 */
const LIST_INTERVAL_MS = 5000;

/** The IRQ numbers of one device's MSI or MSI-X vectors, and whether they have changed since the last report. */
export class IrqNumbers {
  /** the list as text; undefined: it did not match the last report */
  #listed: string | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** the host's number of IRQs at that time */
  #hostIrqCount: number | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly address: PciAddress,
  ) {}

  /** In ascending order; empty if they cannot be read. */
  read(): number[] {
    return sorted(numbersIn(this.#list()));
  }

  /** @param hostIrqCount the host's present number of IRQs; undefined: unknown */
  haveChanged(now: number, hostIrqCount: number | undefined): boolean {
    if (this.#listed === undefined) return true;
    const isSameCount = hostIrqCount !== undefined && hostIrqCount === this.#hostIrqCount;
    if (isSameCount && now - this.#listedAt < LIST_INTERVAL_MS) return false;
    this.#listedAt = now;
    this.#hostIrqCount = hostIrqCount;
    return this.#list() !== this.#listed;
  }

  /** Makes the numbers of a report the reference of later checks, if they are still true. */
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
