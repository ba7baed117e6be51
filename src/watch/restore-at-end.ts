import type { Released } from '../affinity/release.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import type { StateStore } from '../runtime/state-store.js';
import type { Placement } from './reconciler.js';
import { Restorer } from './restore-on-exit.js';

/** --restore-on-exit: what a Restorer knows, kept while the watcher runs and given back at its end. What goes wrong is said once. */
export class RestoreAtEnd {
  readonly #restorer: Restorer;
  #said = '';

  constructor(
    root: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#restorer = new Restorer(root);
    const { dropped } = this.#restorer;
    if (dropped > 0) warn(`restore.json: ${dropped} entries do not say which vector they are of and are dropped`);
  }

  note(changed: readonly Placement[]): void {
    this.#keep(() => this.#restorer.note(changed));
  }

  /** A domain runs with these devices. */
  runs(uuid: string, addresses: readonly string[]): void {
    this.#keep(() => this.#restorer.runs(uuid, addresses));
  }

  /** A domain has ended. */
  forget(uuid: string): void {
    this.#keep(() => this.#restorer.forget(uuid));
  }

  /** Restores the affinity of these running domains' interrupts and removes their states. Returns how many were restored. */
  restore(files: PseudoFs, state: StateStore, uuids: readonly string[]): number {
    let count = 0;
    const add = ({ restored, left }: Released) => {
      count += restored;
      for (const text of left) this.warn(text);
    };
    try {
      add(this.#restorer.restore(files));
      for (const uuid of uuids) {
        const known = state.read(uuid);
        if (known) add(this.#restorer.restoreLines(files, uuid, known));
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
