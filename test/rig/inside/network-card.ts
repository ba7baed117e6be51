import { firstBarOf } from './guest-driver.js';
import { hex } from './guest-pci.js';
import type { Qtest } from './qtest.js';

// Registers of the 82574, which QEMU's e1000e is: Intel's datasheet 316080, 10.2.
const CTRL_EXT = 0x18;
const ICS = 0xc8;
const IMS = 0xd0;
const EIAC = 0xdc;
const IVAR = 0xe4;
/** in CTRL_EXT: a cause that is cleared by itself stays enabled */
const IAME = 1 << 27;
/** two receive queues, two transmit queues, all else */
const CAUSES = 0x1f << 20;
/** each of these causes has its own vector, 0 to 4 */
const OWN_VECTORS = 0xcba98;

/** Raises interrupts of a passed-through e1000e as its traffic would. */
export class NetworkCard {
  static readonly vectors = 5;

  constructor(
    private readonly qtest: Qtest,
    private readonly slot: number,
  ) {}

  /** After the driver has loaded: each of its vectors may interrupt. */
  async prepare(): Promise<void> {
    void this.#write(IVAR, OWN_VECTORS);
    void this.#write(EIAC, CAUSES);
    void this.#write(CTRL_EXT, IAME);
    await this.#write(IMS, CAUSES);
  }

  /** Each vector interrupts once. */
  async raise(): Promise<void> {
    await this.#write(ICS, CAUSES);
  }

  #write(register: number, value: number): Promise<string> {
    return this.qtest.command(`writel ${hex(firstBarOf(this.slot) + register)} ${hex(value)}`);
  }
}
