import { setTimeout as sleep } from 'node:timers/promises';
import { ReportOnce } from '../../lib/report-once.js';
import { type BanResult, IrqbalanceBans } from '../../runtime/irqbalance-bans.js';
import { IrqbalanceDeviceList } from '../../runtime/irqbalance-device-list.js';
import type { JournalEntry } from './journal-entry.js';

/** Minimum and maximum interval between ban lists: a restarted irqbalance has lost its bans. */
const MIN_INTERVAL_MS = 1000;
const MAX_INTERVAL_MS = 10_000;
/** How long irqbalance may delay the watcher's exit. */
const STOP_TIMEOUT_MS = 500;

export interface IrqbalanceSyncOptions {
  root: string;
  journal(entry: JournalEntry): void;
}

/** Keeps irqbalance's bans equal to the managed interrupts. A problem is reported once until it ends. */
export class IrqbalanceSync {
  readonly #devices: IrqbalanceDeviceList;
  readonly #bans: IrqbalanceBans;
  readonly #reported = new ReportOnce();
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** the last ban list that was sent was empty */
  #isEmpty = false;
  #stopped = false;

  constructor(
    private readonly options: IrqbalanceSyncOptions,
    private readonly reconciler: { readonly managed: { addresses: ReadonlySet<string>; irqs: ReadonlySet<number> } },
  ) {
    this.#devices = new IrqbalanceDeviceList(options.root);
    this.#bans = new IrqbalanceBans(options.root);
  }

  /**
   * Bans are sent after the first interval only: before the domains are known, the bans of a killed watcher would be
   * removed and set again.
   */
  start(): void {
    this.#regular = setInterval(() => this.#send(), MAX_INTERVAL_MS);
  }

  /**
   * These devices are about to be managed: the policy script must know them before irqbalance sees their interrupts.
   */
  expect(addresses: Iterable<string>): void {
    const all = new Set([...this.reconciler.managed.addresses, ...addresses]);
    this.#attempt(() => this.#devices.write(all));
  }

  /** The set of managed interrupts may have changed. */
  changed(): void {
    if (this.#soon || this.#stopped) return;
    const wait = Math.max(0, this.#sentAt + MIN_INTERVAL_MS - performance.now());
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#send();
    }, wait);
  }

  /** Removes all our bans. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#soon);
    clearInterval(this.#regular);
    this.#attempt(() => this.#devices.remove());
    await Promise.race([this.#bans.clear(), sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  #send(): void {
    const { addresses, irqs } = this.reconciler.managed;
    if (addresses.size === 0 && this.#isEmpty) return;
    this.#isEmpty = addresses.size === 0;
    this.#sentAt = performance.now();
    this.#attempt(() => this.#devices.write(addresses));
    void this.#bans.set(irqs).then((result) => this.#reportBans(result));
  }

  #reportBans({ unbanned, problem }: BanResult): void {
    if (this.#stopped) return;
    this.#report('socket', problem);
    const full = `irqbalance's ban list is full, and some interrupts may be moved: use the policy script`;
    this.#report('full', problem === undefined && unbanned.length > 0 ? full : undefined);
  }

  #attempt(action: () => void): void {
    try {
      action();
      this.#report('devices', undefined);
    } catch (error) {
      this.#report(
        'devices',
        `cannot write the device list of irqbalance's policy script: ${(error as Error).message}`,
      );
    }
  }

  #report(subject: string, text: string | undefined): void {
    if (this.#reported.isNew(subject, text) && text !== undefined) this.options.journal({ priority: 'warning', text });
  }
}
