import type { PciAddress } from '../domain/address.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';

/**
 * The numbers of a device's interrupts are listed so often, in milliseconds, and whenever the host has more of them than before, or
 * less: a list costs as much as nine masks. That one of the device's own went, its mask says.
 */
const LIST = 5000;

/** The numbers of a device's MSIs, as the kernel lists them, and whether they are still those of the last report. */
export class IrqNumbers {
  /** the list, joined; undefined: nothing that was listed can be what is expected */
  #listed: string | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** how many numbers the host had before that */
  #ofHost: number | undefined;

  constructor(
    private readonly files: PseudoFs,
    private readonly address: PciAddress,
  ) {}

  /** In ascending order; none where they cannot be read. */
  read(): number[] {
    return inOrder(numbersIn(this.#list()));
  }

  /** @param ofHost how many numbers the host has now; undefined: unknown */
  haveChanged(now: number, ofHost: number | undefined): boolean {
    if (this.#listed === undefined) return true;
    if (ofHost !== undefined && ofHost === this.#ofHost && now - this.#listedAt < LIST) return false;
    this.#listedAt = now;
    this.#ofHost = ofHost;
    return this.#list() !== this.#listed;
  }

  /** Takes what a report says for granted, if it is still true. */
  adopt(numbers: readonly number[]): void {
    const listed = this.#list();
    this.#listed = inOrder(numbersIn(listed)).join() === inOrder(numbers).join() ? listed : undefined;
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

const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const numbersIn = (listed: string) => (listed === '' ? [] : listed.split(' ').map(Number));
