import type { Reconciler } from './reconciler.js';
import type { Clock } from './reconciler-host.js';
import type { ReconcileResult } from './result.js';

/** Runs the reconciler after every change to it, and when it is due. */
export class ReconcileLoop {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** a change is under way */
  #isChanging = false;

  /** @param onRun called with the result of every run */
  constructor(
    private readonly reconciler: Reconciler,
    private readonly clock: Clock,
    private readonly onRun: (result: ReconcileResult) => void,
  ) {}

  /** Makes a change, then runs what is due: once, if the change makes others. Does nothing after stop(). */
  after(change: () => void): void {
    if (this.#stopped) return;
    const isOutermost = !this.#isChanging;
    this.#isChanging = true;
    try {
      change();
    } finally {
      if (isOutermost) this.#isChanging = false;
    }
    if (isOutermost) this.#run();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #run(): void {
    if (this.#stopped) return;
    this.onRun(this.reconciler.run());
    clearTimeout(this.#timer);
    const { due } = this.reconciler;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(due - this.clock.now())));
  }
}
