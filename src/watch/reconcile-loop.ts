import type { ReconcileResult } from './events.js';
import type { Reconciler } from './reconciler.js';
import type { Clock } from './reconciler-host.js';

/** Runs Hold when something was done to it, and when it is due. */
export class ReconcileLoop {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** an action is under way */
  #within = false;

  /** @param ran told of every run */
  constructor(
    private readonly hold: Reconciler,
    private readonly clock: Clock,
    private readonly ran: (run: ReconcileResult) => void,
  ) {}

  /** Does something to Hold, and then what is due: once, if the action has others done. Nothing at all once it was stopped. */
  after(action: () => void): void {
    if (this.#stopped) return;
    const isOutermost = !this.#within;
    this.#within = true;
    try {
      action();
    } finally {
      if (isOutermost) this.#within = false;
    }
    if (isOutermost) this.#run();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #run(): void {
    if (this.#stopped) return;
    this.ran(this.hold.run());
    clearTimeout(this.#timer);
    const { due } = this.hold;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(due - this.clock.now())));
  }
}
