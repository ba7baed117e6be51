import { OriginalAffinities } from '../affinity/original-affinities.js';
import type { Released } from '../affinity/release.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { ReportOnce } from '../lib/report-once.js';
import { releaseTexts } from '../report/release-text.js';
import type { StateStore } from '../runtime/state-store.js';
import type { ReconcileResult } from './result.js';

/** --restore-on-exit: records the original affinities while the watcher runs, and restores them when it exits. */
export class RestoreOnExit {
  readonly #affinities: OriginalAffinities;
  readonly #failures = new ReportOnce();

  constructor(
    root: string,
    private readonly warn: (text: string) => void,
  ) {
    this.#affinities = new OriginalAffinities(root);
    const { dropped } = this.#affinities;
    if (dropped > 0) warn(`restore.json: entries dropped because they name no vector: ${dropped}`);
  }

  record({ changed, ended }: Pick<ReconcileResult, 'changed' | 'ended'>): void {
    this.#save(() => this.#affinities.record(changed, ended));
  }

  /** A domain runs and has these devices. */
  setDevices(uuid: string, addresses: readonly string[]): void {
    this.#save(() => this.#affinities.setDevices(uuid, addresses));
  }

  /** A domain has ended. */
  forget(uuid: string): void {
    this.#save(() => this.#affinities.forget(uuid));
  }

  /**
   * Restores the affinities of these running domains' interrupts and removes their states. If a file cannot be removed,
   * the affinities are restored all the same. Returns the number of restored interrupts.
   */
  restore(files: PseudoFs, state: StateStore, uuids: readonly string[]): number {
    let count = this.#report(this.#affinities.restore(files));
    this.#remove(() => this.#affinities.save());
    for (const uuid of uuids) {
      const known = state.read(uuid);
      const lines = known && this.#affinities.restoreLines(files, uuid, known);
      if (lines) count += this.#report(lines);
      // a later watcher may be able to see the process
      if (!lines?.kept.some(({ reason }) => reason.code === 'qemu-hidden')) this.#remove(() => state.remove(uuid));
    }
    return count;
  }

  #report(released: Released): number {
    for (const text of releaseTexts(released)) this.warn(text);
    return released.restored;
  }

  #remove(action: () => void): void {
    const reason = messageOf(action);
    if (reason !== undefined) this.warn(`cannot remove all state: ${reason}`);
  }

  /** A file that cannot be written is reported once, until the reason changes. */
  #save(action: () => void): void {
    const reason = messageOf(action);
    const text = reason && `cannot save the original affinities for the next watcher: ${reason}`;
    if (this.#failures.isNew('restore.json', text)) this.warn(text as string);
  }
}

/** The message of the error that an action throws; undefined: no error. */
function messageOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
