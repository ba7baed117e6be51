import type { Qtest } from './qtest.js';

/**
 * Configuration space of a device on the guest's bus 0, through the two I/O ports of a PC. Offsets are multiples of 4.
 */
export class PciConfig {
  constructor(
    private readonly qtest: Qtest,
    private readonly slot: number,
  ) {}

  async read(offset: number): Promise<number> {
    this.#select(offset);
    return Number(await this.qtest.command('inl 0xcfc'));
  }

  async write(offset: number, value: number): Promise<void> {
    this.#select(offset);
    await this.qtest.command(`outl 0xcfc ${hex(value)}`);
  }

  /**
   * Assigns an address from `base` on, 1 MiB apart, to every memory BAR, and enables memory and bus mastering. Returns
   * the addresses.
   */
  async assignBars(base: number): Promise<number[]> {
    const addresses: number[] = [];
    for (let bar = 0; bar < 6; bar++) {
      const offset = BAR0 + 4 * bar;
      const kind = await this.read(offset);
      if (kind & 1) continue;
      addresses[bar] = base + bar * MIB;
      await this.write(offset, addresses[bar] as number);
      // Its upper half.
      if ((kind & 6) === 4) await this.write(BAR0 + 4 * ++bar, 0);
    }
    await this.write(COMMAND, 6);
    return addresses;
  }

  /** The offset of a capability; undefined if the device lacks it. */
  async capability(id: number): Promise<number | undefined> {
    let offset = (await this.read(CAPABILITIES)) & 0xff;
    while (offset !== 0) {
      const head = await this.read(offset);
      if ((head & 0xff) === id) return offset;
      offset = (head >>> 8) & 0xff;
    }
    return undefined;
  }

  #select(offset: number): void {
    void this.qtest.command(`outl 0xcf8 ${hex(0x8000_0000 + this.slot * 0x800 + offset)}`);
  }
}

const COMMAND = 0x04;
const BAR0 = 0x10;
const CAPABILITIES = 0x34;
const MIB = 1 << 20;

export const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
