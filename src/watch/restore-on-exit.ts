import { leftAlone, lineOfStateObjection, type Released } from '../affinity/release.js';
import { type GivenBack, restoreAffinity } from '../affinity/restore-affinity.js';
import { parseAddress } from '../domain/address.js';
import { lineObjection } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { findQemu } from '../host/qemu-threads.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import type { DomainState } from '../runtime/domain-state.js';
import { RuntimeFile } from '../runtime/runtime-file.js';
import type { Placement } from './reconciler.js';

interface Moved {
  /** of the domain */
  name: string;
  uuid: string;
  address: string;
  irq: number;
  /** its handler, which names the vector and the device */
  handler: string;
  /** CPU lists: before our first write, and after our last */
  before: string;
  ours: string;
}

/** Remembers what interrupts had before they were placed, to give it back at the end. A file outlives a watcher that is killed. */
export class Restorer {
  readonly #moved = new Map<string, Moved>();
  readonly #file: RuntimeFile;
  /** domains that are known to run, with the devices that they have now: what a watcher before this one left may be outdated */
  readonly #running = new Map<string, readonly string[]>();
  /** how many entries of the file are dropped: an older version did not say which vector they were of */
  readonly dropped: number;

  constructor(root: string) {
    this.#file = new RuntimeFile(root, 'restore.json');
    const entries = readEntries(this.#file.read());
    const usable = entries.filter(isMoved);
    for (const moved of usable) this.#moved.set(keyOf(moved), moved);
    this.dropped = entries.length - usable.length;
  }

  /** @throws FileError where the file cannot be written; what is known is known all the same */
  note(changed: readonly Placement[]): void {
    const placed = changed.filter(({ kind }) => kind === 'placed' || kind === 'repaired');
    for (const { domain: name, uuid, address, irq, handler, kind, from, to } of placed) {
      if (from === null || to === null || uuid === null) continue;
      const key = keyOf({ address, irq });
      const known = this.#moved.get(key);
      const isSame = known?.uuid === uuid && known.handler === handler;
      // what somebody else moved, and what follows the vCPUs, was ours before; else the number is a new vector's
      const before = isSame && (kind === 'repaired' || from === known.ours) ? known.before : from;
      this.#moved.set(key, { name, uuid, address, irq, handler, before, ours: to });
    }
    if (placed.length > 0) this.#write();
  }

  /** A domain runs with these devices: what was unplugged is another's now. @throws FileError as note() */
  runs(uuid: string, addresses: readonly string[]): void {
    this.#running.set(uuid, addresses);
    this.#remove((moved) => moved.uuid === uuid && !addresses.includes(moved.address));
  }

  /** A domain has ended. @throws FileError as note() */
  forget(uuid: string): void {
    this.#running.delete(uuid);
    this.#remove((moved) => moved.uuid === uuid);
  }

  /**
   * Gives every interrupt of a running domain that is still the same vector or line, and still where it was put, what it had.
   * What a watcher before this one left of domains that this one knows nothing of stays for the next.
   */
  restore(files: PseudoFs): Released {
    const released: Released = { restored: 0, left: [] };
    for (const [key, moved] of this.#moved) {
      if (!this.#running.has(moved.uuid)) continue;
      this.#moved.delete(key);
      add(released, moved, restoreOne(files, moved));
    }
    if (this.#moved.size > 0) this.#write();
    else this.#file.remove();
    return released;
  }

  /** Restores the legacy lines of a domain that goes on: as its state has them, whoever moved them. */
  restoreLines(files: PseudoFs, uuid: string, state: DomainState): Released {
    const released: Released = { restored: 0, left: [] };
    for (const line of state.lines) {
      const result = restoreAffinity(files, line, (handlers) => {
        const { address = '' } = line;
        // what was unplugged may be another guest's
        const isDomains = this.#running.get(uuid)?.includes(address) && handlers.join() === `vfio-intx(${address})`;
        if (address !== '' && (!isDomains || findQemu(files, state.name, uuid) === undefined)) return null;
        return lineOfStateObjection(files, line, handlers);
      });
      add(released, line, result);
    }
    return released;
  }

  #remove(isGone: (moved: Moved) => boolean): void {
    const gone = [...this.#moved].filter(([, moved]) => isGone(moved));
    for (const [key] of gone) this.#moved.delete(key);
    if (gone.length > 0) this.#write();
  }

  #write(): void {
    this.#file.write(`${JSON.stringify([...this.#moved.values()])}\n`);
  }
}

function restoreOne(files: PseudoFs, { name, uuid, address, irq, handler, before, ours }: Moved): GivenBack {
  const device = parseAddress(address);
  if (!device) return { outcome: 'nothing' };
  return restoreAffinity(files, { irq, before, cpus: ours }, (handlers) => {
    const owned = vfioOwnership(handlers, device);
    // another vector, or another domain's: its mask is not what is remembered here
    if (!owned.ours || handlers[0] !== handler || findQemu(files, name, uuid) === undefined) return null;
    return owned.vector === null ? lineObjection(files, { irq, address: device }, handlers) : undefined;
  });
}

function add(released: Released, of: { irq: number; address?: string }, result: GivenBack): void {
  if (result.outcome === 'restored') released.restored++;
  if (result.outcome === 'left') released.left.push(leftAlone(of, result.reason));
}

/** None where there is no file, or something else in it. */
function readEntries(text = '[]'): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isMoved(value: unknown): value is Moved {
  const { name, uuid, address, irq, handler, before, ours } = (value ?? {}) as Partial<Moved>;
  return (
    [name, uuid, address, handler, before, ours].every((text) => typeof text === 'string') && Number.isInteger(irq)
  );
}

const keyOf = ({ address, irq }: Pick<Moved, 'address' | 'irq'>) => `${address} ${irq}`;
