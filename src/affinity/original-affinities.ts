import { parseAddress } from '../domain/address.js';
import { type Cpuset, formatCpuset } from '../domain/cpuset.js';
import { lineChange } from '../host/legacy-line.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { findQemu, hiddenQemu } from '../host/qemu-threads.js';
import { isLine, vfioOwnership } from '../host/vfio-handlers.js';
import type { DomainState } from '../runtime/domain-state.js';
import { RuntimeFile } from '../runtime/runtime-file.js';
import { movedLineChange, Released } from './release.js';
import { type KeptReason, type RestoreResult, restoreAffinity } from './restore-affinity.js';

/** The result for an interrupt. Only those with `kind` placed or repaired are recorded. */
interface PlacedInterrupt {
  /** name and UUID of the domain */
  domain: string;
  uuid: string | null;
  address: string;
  irq: number;
  handler: string;
  kind: string;
  /** affinity before and after */
  from: Cpuset | null;
  to: Cpuset | null;
}

/** Where a vector was that went away. */
interface EndedVector {
  uuid: string | null;
  address: string;
  irq: number;
}

/** An entry of restore.json. */
interface Moved {
  /** of the domain */
  name: string;
  uuid: string;
  address: string;
  irq: number;
  /** its handler, which names the vector and the device */
  handler: string;
  /** CPU lists before our first write and after our last */
  before: string;
  ours: string;
}

/** Records the affinity of interrupts before they were placed. restore.json survives a watcher that is killed. */
export class OriginalAffinities {
  readonly #moved = new Map<string, Moved>();
  readonly #file: RuntimeFile;
  /** running domains, with the devices that they have now: the entries of an earlier watcher may be outdated */
  readonly #running = new Map<string, readonly string[]>();
  /** number of entries dropped from the file: an older version did not save which vector they belong to */
  readonly dropped: number;

  constructor(root: string) {
    this.#file = new RuntimeFile(root, 'restore.json');
    const entries = readEntries(this.#file.read());
    const usable = entries.filter(isMoved);
    for (const moved of usable) this.#moved.set(keyOf(moved), moved);
    this.dropped = entries.length - usable.length;
  }

  /**
   * @param ended vectors that went away before that; their successors must not inherit the recorded masks. A legacy
   *   line keeps its mask
   * @throws FileError if the file cannot be written; the changes are recorded in memory all the same
   */
  record(changed: readonly PlacedInterrupt[], ended: readonly EndedVector[] = []): void {
    const isForgotten = ended.map((vector) => this.#forgetVector(vector)).includes(true);
    const placed = changed.filter(({ kind }) => kind === 'placed' || kind === 'repaired');
    for (const { domain: name, uuid, address, irq, handler, kind, from, to } of placed) {
      if (from === null || to === null || uuid === null) continue;
      const key = keyOf({ address, irq });
      const known = this.#moved.get(key);
      const isSame = known?.uuid === uuid && known.handler === handler;
      // a repaired interrupt, and one that moved with its vCPUs, had our set before; otherwise a new vector has the
      // number
      const wasOurs = isSame && (kind === 'repaired' || formatCpuset(from) === known.ours);
      const before = wasOurs ? known.before : formatCpuset(from);
      this.#moved.set(key, { name, uuid, address, irq, handler, before, ours: formatCpuset(to) });
    }
    if (placed.length > 0 || isForgotten) this.#write();
  }

  #forgetVector({ uuid, address, irq }: EndedVector): boolean {
    const key = keyOf({ address, irq });
    const known = this.#moved.get(key);
    return known !== undefined && known.uuid === uuid && !isLine(known.handler) && this.#moved.delete(key);
  }

  /**
   * A domain runs and has these devices. Entries of other devices are removed: another domain may have an unplugged
   * device.
   * @throws FileError as record()
   */
  setDevices(uuid: string, addresses: readonly string[]): void {
    this.#running.set(uuid, addresses);
    this.#remove((moved) => moved.uuid === uuid && !addresses.includes(moved.address));
  }

  /** A domain has ended. @throws FileError as record() */
  forget(uuid: string): void {
    this.#running.delete(uuid);
    this.#remove((moved) => moved.uuid === uuid);
  }

  /**
   * Restores each interrupt of a running domain that is still the same vector or line and still has the mask that we
   * wrote. Entries of an earlier watcher for domains that are unknown here stay for the next watcher. Call save()
   * afterwards.
   */
  restore(files: PseudoFs): Released {
    const released = new Released();
    for (const [key, moved] of this.#moved) {
      if (!this.#running.has(moved.uuid)) continue;
      const result = restoreOne(files, moved);
      released.add(moved, result);
      // a later watcher may be able to see the process
      if (!isHidden(result)) this.#moved.delete(key);
    }
    return released;
  }

  /** Restores the legacy lines in the state of a domain that keeps running, even if another process moved them. */
  restoreLines(files: PseudoFs, uuid: string, state: DomainState): Released {
    const released = new Released();
    for (const line of state.lines) {
      const result = restoreAffinity(files, line, (handlers) => {
        const { address = '' } = line;
        // another guest may have the device after an unplug
        const isDomains = this.#running.get(uuid)?.includes(address) && handlers.join() === `vfio-intx(${address})`;
        const objection = address === '' ? undefined : isDomains ? qemuObjection(files, state.name, uuid) : 'not-ours';
        return objection ?? movedLineChange(files, line, handlers);
      });
      released.add(line, result);
    }
    return released;
  }

  /** Writes the file, or removes it if nothing is left to restore. @throws FileError */
  save(): void {
    if (this.#moved.size > 0) this.#write();
    else this.#file.remove();
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

function restoreOne(files: PseudoFs, { name, uuid, address, irq, handler, before, ours }: Moved): RestoreResult {
  const device = parseAddress(address);
  if (!device) return { outcome: 'nothing' };
  return restoreAffinity(files, { irq, before, cpus: ours }, (handlers) => {
    const owned = vfioOwnership(handlers, device);
    // another vector, or another domain's: the recorded mask is not its own
    if (!owned.ours || handlers[0] !== handler) return 'not-ours';
    const objection = qemuObjection(files, name, uuid);
    if (objection) return objection;
    return owned.vector === null ? lineChange(files, { irq, address: device }, handlers) : undefined;
  });
}

/**
 * Why an interrupt of a domain must not be restored: its QEMU has ended, or hidepid hides the process that libvirt
 * names.
 */
function qemuObjection(files: PseudoFs, name: string, uuid: string): KeptReason | 'not-ours' | undefined {
  if (findQemu(files, name, uuid) !== undefined) return undefined;
  const pid = hiddenQemu(files, name, uuid);
  return pid === undefined ? 'not-ours' : { code: 'qemu-hidden', pid };
}

const isHidden = (result: RestoreResult) => result.outcome === 'kept' && result.reason.code === 'qemu-hidden';

/** Empty if the file does not exist or is not a JSON array. */
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
