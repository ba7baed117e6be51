import { leftAlone, lineOfStateObjection, type Released } from '../affinity/release.js';
import { type GivenBack, restoreAffinity } from '../affinity/restore-affinity.js';
import { parseAddress } from '../domain/address.js';
import { lineObjection } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { findQemu } from '../host/qemu-threads.js';
import { vfioOwnership } from '../host/vfio-handlers.js';
import { ReportOnce } from '../lib/report-once.js';
import type { DomainState } from '../runtime/domain-state.js';
import { RuntimeFile } from '../runtime/runtime-file.js';
import type { StateStore } from '../runtime/state-store.js';
import type { Placement } from './reconciler.js';

/** An interrupt that was placed. */
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

/**
 * --restore-on-exit: remembers the affinities that interrupts had before they were placed, and restores them when the watcher ends. They
 * are kept in a file, too, for the watcher after one that was killed. A file that cannot be written is reported once.
 */
export class RestoreOnExit {
  readonly #moved = new Map<string, Moved>();
  readonly #file: RuntimeFile;
  /** addresses of the devices of each domain that is known to run: an entry of an earlier watcher may be out of date */
  readonly #running = new Map<string, readonly string[]>();
  readonly #reported = new ReportOnce();

  constructor(
    root: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#file = new RuntimeFile(root, 'restore.json');
    const entries = readEntries(this.#file.read());
    const usable = entries.filter(isMoved);
    for (const moved of usable) this.#moved.set(keyOf(moved), moved);
    const dropped = entries.length - usable.length;
    // an older version did not record the vector
    if (dropped > 0) warn(`restore.json: ${dropped} entries do not say which vector they are of and are dropped`);
  }

  /** Records placements. */
  record(changed: readonly Placement[]): void {
    const placed = changed.filter(({ kind }) => kind === 'placed' || kind === 'repaired');
    for (const { domain: name, uuid, address, irq, handler, kind, from, to } of placed) {
      if (from === null || to === null || uuid === null) continue;
      const key = keyOf({ address, irq });
      const known = this.#moved.get(key);
      const isSame = known?.uuid === uuid && known.handler === handler;
      // a repair, or another set after ours, keeps the original affinity; otherwise the IRQ is a new vector's
      const before = isSame && (kind === 'repaired' || from === known.ours) ? known.before : from;
      this.#moved.set(key, { name, uuid, address, irq, handler, before, ours: to });
    }
    if (placed.length > 0) this.#save();
  }

  /** A domain runs with these devices. Entries of devices that it no longer has are dropped: they may be another domain's. */
  setDevices(uuid: string, addresses: readonly string[]): void {
    this.#running.set(uuid, addresses);
    this.#remove((moved) => moved.uuid === uuid && !addresses.includes(moved.address));
  }

  /** A domain has ended. */
  forget(uuid: string): void {
    this.#running.delete(uuid);
    this.#remove((moved) => moved.uuid === uuid);
  }

  /**
   * Restores the interrupts and legacy lines of these running domains and removes their states. An interrupt is restored if it is still
   * the same vector or line and still where it was put. What an earlier watcher left of unknown domains stays for the next one.
   * @returns how many were restored
   */
  restore(files: PseudoFs, state: Pick<StateStore, 'read' | 'remove'>, uuids: readonly string[]): number {
    const released: Released = { restored: 0, left: [] };
    this.#restoreMoved(files, released);
    for (const uuid of uuids) {
      const known = state.read(uuid);
      if (known) this.#restoreLines(files, uuid, known, released);
    }
    // afterwards: none of these failures keeps an interrupt from being restored
    this.#removeState(() => this.#removeFile());
    for (const uuid of uuids) this.#removeState(() => state.remove(uuid));
    for (const text of released.left) this.warn(text);
    return released.restored;
  }

  #restoreMoved(files: PseudoFs, released: Released): void {
    for (const [key, moved] of this.#moved) {
      if (!this.#running.has(moved.uuid)) continue;
      this.#moved.delete(key);
      add(released, moved, restoreOne(files, moved));
    }
  }

  /** Entries of unknown domains stay. @throws FileError if the file cannot be written or removed */
  #removeFile(): void {
    if (this.#moved.size > 0) this.#write();
    else this.#file.remove();
  }

  #removeState(action: () => void): void {
    try {
      action();
    } catch (error) {
      const text = `not all of the state is removed: ${(error as Error).message}`;
      if (this.#reported.isNew('state', text)) this.warn(text);
    }
  }

  /** The legacy lines in the state of a domain that still runs, whichever process moved them. */
  #restoreLines(files: PseudoFs, uuid: string, state: DomainState, released: Released): void {
    for (const line of state.lines) {
      const result = restoreAffinity(files, line, (handlers) => {
        const { address = '' } = line;
        // a device that was unplugged may be another guest's
        const isDomains = this.#running.get(uuid)?.includes(address) && handlers.join() === `vfio-intx(${address})`;
        if (address !== '' && (!isDomains || findQemu(files, state.name, uuid) === undefined)) return null;
        return lineOfStateObjection(files, line, handlers);
      });
      add(released, line, result);
    }
  }

  #remove(isGone: (moved: Moved) => boolean): void {
    const gone = [...this.#moved].filter(([, moved]) => isGone(moved));
    for (const [key] of gone) this.#moved.delete(key);
    if (gone.length > 0) this.#save();
  }

  /** /run may be full, or read-only. */
  #save(): void {
    try {
      this.#write();
      this.#reported.clear('file');
    } catch (error) {
      const text = `original affinities are not kept for the next watcher: ${(error as Error).message}`;
      if (this.#reported.isNew('file', text)) this.warn(text);
    }
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
    // the IRQ is another vector's, or another domain's
    if (!owned.ours || handlers[0] !== handler || findQemu(files, name, uuid) === undefined) return null;
    return owned.vector === null ? lineObjection(files, { irq, address: device }, handlers) : undefined;
  });
}

function add(released: Released, of: { irq: number; address?: string }, result: GivenBack): void {
  if (result.outcome === 'restored') released.restored++;
  if (result.outcome === 'left') released.left.push(leftAlone(of, result.reason));
}

/** Empty if there is no file, or something else in it. */
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
