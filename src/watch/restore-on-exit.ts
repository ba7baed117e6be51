import { restoreAffinity } from '../affinity/restore-affinity.js';
import { parseAddress } from '../domain/address.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import { isLine, vfioOwnership } from '../host/vfio-handlers.js';
import type { DomainState } from '../runtime/domain-state.js';
import { RuntimeFile } from '../runtime/runtime-file.js';
import type { Placement } from './reconciler.js';

interface Moved {
  /** of the domain; null where it has none */
  uuid: string | null;
  address: string;
  irq: number;
  /** CPU lists: before our first write, and after our last */
  before: string;
  ours: string;
}

/** Remembers what interrupts had before they were placed, to give it back at the end. A file outlives a watcher that is killed. */
export class Restorer {
  readonly #moved = new Map<string, Moved>();
  readonly #file: RuntimeFile;

  constructor(root: string) {
    this.#file = new RuntimeFile(root, 'restore.json');
    for (const moved of readMoved(this.#file.read())) this.#moved.set(keyOf(moved), moved);
  }

  /** @throws FileError where the file cannot be written; what is known is known all the same */
  note(changed: readonly Placement[]): void {
    const placed = changed.filter(({ kind }) => kind === 'placed' || kind === 'repaired');
    for (const { uuid, address, irq, kind, from, to } of placed) {
      if (from === null || to === null) continue;
      const key = keyOf({ address, irq });
      const known = this.#moved.get(key);
      // what somebody else moved, and what follows the vCPUs, was ours before; else the number is a new vector's
      const before = known && (kind === 'repaired' || from === known.ours) ? known.before : from;
      this.#moved.set(key, { uuid, address, irq, before, ours: to });
    }
    if (placed.length > 0) this.#write();
  }

  /** A domain has ended. @throws FileError as note() */
  forget(uuid: string): void {
    const gone = [...this.#moved].filter(([, moved]) => moved.uuid === uuid);
    for (const [key] of gone) this.#moved.delete(key);
    if (gone.length > 0) this.#write();
  }

  /** Gives every interrupt that is still the device's, and still where it was put, what it had; returns how many. */
  restore(files: PseudoFs): number {
    const restored = [...this.#moved.values()].filter((moved) => attempt(() => restoreOne(files, moved)));
    this.#file.remove();
    return restored.length;
  }

  #write(): void {
    this.#file.write(`${JSON.stringify([...this.#moved.values()])}\n`);
  }
}

/** Legacy lines of a domain that goes on: as its state has them, whoever moved them. Returns how many. */
export function restoreLines(files: PseudoFs, lines: DomainState['lines']): number {
  // the sole device's on it, as when it was moved
  const isSole = (handlers: readonly string[]) => handlers.length === 1 && handlers.every(isLine);
  return lines.filter((line) => attempt(() => restoreAffinity(files, line, isSole))).length;
}

function restoreOne(files: PseudoFs, { address, irq, before, ours }: Moved): boolean {
  const device = parseAddress(address);
  if (!device) return false;
  return restoreAffinity(files, { irq, before, cpus: ours }, (handlers) => vfioOwnership(handlers, device).ours);
}

/** False where it went, or refuses: then it is as it is. */
function attempt(action: () => boolean): boolean {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return false;
  }
}

/** None where there is no file, or something else in it. */
function readMoved(text = '[]'): Moved[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isMoved) : [];
  } catch {
    return [];
  }
}

function isMoved(value: unknown): value is Moved {
  const { uuid, address, irq, before, ours } = (value ?? {}) as Partial<Moved>;
  const isText = [address, before, ours].every((text) => typeof text === 'string');
  return isText && Number.isInteger(irq) && (uuid === null || typeof uuid === 'string');
}

const keyOf = ({ address, irq }: Pick<Moved, 'address' | 'irq'>) => `${address} ${irq}`;
