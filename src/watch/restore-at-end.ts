import type { PseudoFs } from '../host/pseudo-fs.js';
import type { StateStore } from '../runtime/state-store.js';
import type { Placement } from './reconciler.js';
import { Restorer, restoreLines } from './restore-on-exit.js';

/** --restore-on-exit: what a Restorer knows, kept while the watcher runs and given back at its end. What goes wrong is said once. */
export class RestoreAtEnd {
  readonly #restorer: Restorer;
  #said = '';

  constructor(
    root: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#restorer = new Restorer(root);
  }

  note(changed: readonly Placement[]): void {
    this.#keep(() => this.#restorer.note(changed));
  }

  /** A domain has ended. */
  forget(uuid: string): void {
    this.#keep(() => this.#restorer.forget(uuid));
  }

  /** Of these domains nothing is left behind; returns how many interrupts have again what they had. */
  restore(files: PseudoFs, state: StateStore, uuids: readonly string[]): number {
    let count = 0;
    try {
      count += this.#restorer.restore(files);
      for (const uuid of uuids) {
        count += restoreLines(files, state.read(uuid)?.lines ?? []);
        state.remove(uuid);
      }
    } catch (error) {
      this.warn(`not all of the state is removed: ${(error as Error).message}`);
    }
    return count;
  }

  /** /run may be full, or read-only. */
  #keep(action: () => void): void {
    try {
      action();
    } catch (error) {
      const text = `what interrupts had is not kept for a watcher after this one: ${(error as Error).message}`;
      if (text !== this.#said) this.warn(text);
      this.#said = text;
    }
  }
}
