import { parseAddress } from '../domain/address.js';
import { RuntimeFile } from './runtime-file.js';

/**
 * Where `install` puts service/irqbalance-policy. A directory, so that irqbalance accepts "no opinion" as an answer and
 * other scripts can be added.
 */
export const POLICY_FOLDER = '/etc/hostdev-cpuset/irqbalance.d';
/** Where a distribution's package puts it. */
const PACKAGED_FOLDER = '/usr/lib/hostdev-cpuset/irqbalance.d';

/** Whether irqbalance's --policyscript names our directory. */
export function isOurPolicy(path: string | undefined): boolean {
  return [POLICY_FOLDER, PACKAGED_FOLDER].includes(path?.replace(/\/+$/, '') ?? '');
}

/** In the runtime directory: the managed devices, one address per line, sorted. The policy script reads it. */
const NAME = 'devices';

/**
 * Lists the managed devices for irqbalance's policy script, which irqbalance runs for a new interrupt before it moves
 * it.
 */
export class IrqbalanceDeviceList {
  readonly #file: RuntimeFile;

  constructor(root = '') {
    this.#file = new RuntimeFile(root, NAME);
  }

  /**
   * Replaces the list.
   * @throws FileError as RuntimeFile does, RangeError for an address that is not canonical
   */
  write(addresses: ReadonlySet<string>): void {
    const wrong = [...addresses].find((address) => parseAddress(address) === undefined);
    if (wrong !== undefined) throw new RangeError('not an address');
    const text = [...addresses]
      .sort()
      .map((address) => `${address}\n`)
      .join('');
    if (text === '') this.#file.remove();
    else this.#file.write(text);
  }

  /** Removes the list. @throws as write() */
  remove(): void {
    this.#file.remove();
  }
}
