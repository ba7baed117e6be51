import { parseAddress } from '../domain/address.js';
import { RuntimeFile } from './runtime-file.js';

/**
 * Where `install` puts service/irqbalance-policy. It is a folder of its own, for irqbalance then takes "no opinion" for an answer
 * and other scripts may stand beside it.
 */
export const POLICY_FOLDER = '/etc/hostdev-cpuset/irqbalance.d';
/** Where a distribution's package keeps it. */
const PACKAGED_FOLDER = '/usr/lib/hostdev-cpuset/irqbalance.d';

/** Whether irqbalance's --policyscript names ours. */
export function isOurPolicy(path: string | undefined): boolean {
  return [POLICY_FOLDER, PACKAGED_FOLDER].includes(path?.replace(/\/+$/, '') ?? '');
}

/** Below /run/hostdev-cpuset: the devices whose interrupts are held, an address a line, sorted. The policy script reads it. */
const NAME = 'devices';

/** Tells irqbalance's policy script which devices are held. It is asked when an interrupt appears, before irqbalance moves it. */
export class IrqbalanceDeviceList {
  readonly #file: RuntimeFile;

  constructor(root = '') {
    this.#file = new RuntimeFile(root, NAME);
  }

  /**
   * All devices that are held from now on.
   * @throws FileError as RunFile does, RangeError for what is no canonical address
   */
  hold(addresses: ReadonlySet<string>): void {
    const wrong = [...addresses].find((address) => parseAddress(address) === undefined);
    if (wrong !== undefined) throw new RangeError('not an address');
    const text = [...addresses]
      .sort()
      .map((address) => `${address}\n`)
      .join('');
    if (text === '') this.#file.remove();
    else this.#file.write(text);
  }

  /** Nothing is held any more, and nothing is left behind. */
  release(): void {
    this.#file.remove();
  }
}
