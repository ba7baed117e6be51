import { hex, PciConfig } from './guest-pci.js';
import type { Qtest } from './qtest.js';

const MSI = 0x05;
const MSIX = 0x11;
/** in the capability's first word */
const MSI_ENABLE = 1 << 16;
const MSIX_ENABLE = 1 << 31;
const MSIX_MASK_ALL = 1 << 30;
/** the address range of messages on x86 */
const MESSAGES = 0xfee0_0000;

/** Where a driver puts BAR 0 of the device in a slot. */
export const firstBarOf = (slot: number) => 0xe000_0000 + slot * 0x0100_0000;

/** The part of a guest's driver that matters here: it enables and disables a device's interrupts like Linux. */
export class GuestDriver {
  readonly #config: PciConfig;
  #msix = { capability: 0, table: 0, size: 0 };

  constructor(
    private readonly qtest: Qtest,
    private readonly slot: number,
  ) {
    this.#config = new PciConfig(qtest, slot);
  }

  /**
   * pci_alloc_irq_vectors(): enables MSI-X with all vectors masked. The host then has allocated a vector without a
   * handler.
   */
  async enableMsix(): Promise<void> {
    const bars = await this.#config.assignBars(firstBarOf(this.slot));
    const capability = await this.#config.capability(MSIX);
    if (capability === undefined) throw new Error(`the guest's device in slot ${this.slot} has no MSI-X`);
    const head = await this.#config.read(capability);
    const place = await this.#config.read(capability + 4);
    const table = (bars[place & 7] as number) + (place & ~7);
    this.#msix = { capability, table, size: ((head >>> 16) & 0x7ff) + 1 };
    await this.#config.write(capability, MSIX_ENABLE | MSIX_MASK_ALL);
    await this.#maskAll();
    await this.#config.write(capability, MSIX_ENABLE);
  }

  /** request_irq() of some vectors. */
  async requestVectors(first: number, end: number): Promise<void> {
    for (let vector = first; vector < end; vector++) {
      void this.#entry(vector, 0, MESSAGES);
      void this.#entry(vector, 4, 0);
      void this.#entry(vector, 8, 0x40 + vector);
      await this.#entry(vector, 12, 0);
    }
  }

  /** A driver that loads and uses this many vectors. */
  async load(vectors: number): Promise<void> {
    await this.enableMsix();
    await this.requestVectors(0, vectors);
  }

  async unload(): Promise<void> {
    await this.#maskAll();
    await this.#config.write(this.#msix.capability, 0);
  }

  /** A driver that loads and uses one MSI message. */
  async loadMsi(): Promise<void> {
    await this.#config.assignBars(firstBarOf(this.slot));
    const capability = await this.#config.capability(MSI);
    if (capability === undefined) throw new Error(`the guest's device in slot ${this.slot} has no MSI`);
    const head = await this.#config.read(capability);
    const wide = (head >>> 16) & 0x80;
    await this.#config.write(capability + 4, MESSAGES);
    if (wide) await this.#config.write(capability + 8, 0);
    await this.#config.write(capability + (wide ? 12 : 8), 0x40);
    await this.#config.write(capability, head | MSI_ENABLE);
  }

  async #maskAll(): Promise<void> {
    const masked = Array.from({ length: this.#msix.size }, (_, vector) => this.#entry(vector, 12, 1));
    await Promise.all(masked);
  }

  #entry(vector: number, offset: number, value: number): Promise<string> {
    return this.qtest.command(`writel ${hex(this.#msix.table + 16 * vector + offset)} ${hex(value)}`);
  }
}
