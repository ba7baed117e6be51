import { setTimeout as sleep } from 'node:timers/promises';
import { IrqbalanceDeviceList } from '../../runtime/irqbalance-device-list.js';
import { type BanResult, IrqbalanceBans } from './irqbalance-bans.js';
import type { JournalEntry } from './journal-entry.js';

/** Milliseconds between two tellings at the least, and at the most: an irqbalance that was started anew knows nothing. */
const LEAST = 1000;
const MOST = 10_000;
/** Milliseconds that an irqbalance may hold up our end. */
const PATIENCE = 500;

export interface IrqbalanceSyncOptions {
  root: string;
  journal(entry: JournalEntry): void;
}

/** Keeps irqbalance away from the interrupts that are held, and from no others. What goes wrong is said once, until it is right again. */
export class IrqbalanceSync {
  readonly #devices: IrqbalanceDeviceList;
  readonly #bans: IrqbalanceBans;
  readonly #said = new Map<string, string>();
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** nothing is held, and irqbalance was told so */
  #isFree = false;
  #stopped = false;

  constructor(
    private readonly options: IrqbalanceSyncOptions,
    private readonly hold: { readonly held: { addresses: ReadonlySet<string>; irqs: ReadonlySet<number> } },
  ) {
    this.#devices = new IrqbalanceDeviceList(options.root);
    this.#bans = new IrqbalanceBans(options.root);
  }

  /** The first telling comes later: what is held must be known, or bans of a watcher that was killed would be taken back and set again. */
  start(): void {
    this.#regular = setInterval(() => this.#tell(), MOST);
  }

  /** These devices are about to be held: the policy script knows them before irqbalance sees their interrupts. */
  expect(addresses: Iterable<string>): void {
    const all = new Set([...this.hold.held.addresses, ...addresses]);
    this.#attempt(() => this.#devices.hold(all));
  }

  /** Something else may be held. */
  changed(): void {
    if (this.#soon || this.#stopped) return;
    const wait = Math.max(0, this.#toldAt + LEAST - performance.now());
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#tell();
    }, wait);
  }

  /** Takes back all that is ours. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#soon);
    clearInterval(this.#regular);
    this.#attempt(() => this.#devices.release());
    await Promise.race([this.#bans.release(), sleep(PATIENCE, undefined, { ref: false })]);
  }

  #tell(): void {
    const { addresses, irqs } = this.hold.held;
    if (addresses.size === 0 && this.#isFree) return;
    this.#isFree = addresses.size === 0;
    this.#toldAt = performance.now();
    this.#attempt(() => this.#devices.hold(addresses));
    void this.#bans.hold(irqs).then((result) => this.#report(result));
  }

  #report({ left, problem }: BanResult): void {
    if (this.#stopped) return;
    this.#say('socket', problem);
    const room = `irqbalance's list has no room for all interrupts, and some may be moved: have it ask the policy script`;
    this.#say('room', problem === undefined && left.length > 0 ? room : undefined);
  }

  #attempt(action: () => void): void {
    try {
      action();
      this.#say('devices', undefined);
    } catch (error) {
      this.#say('devices', `irqbalance's policy script cannot be told: ${(error as Error).message}`);
    }
  }

  #say(about: string, text: string | undefined): void {
    if (text !== undefined && text !== this.#said.get(about)) this.options.journal({ priority: 'warning', text });
    if (text === undefined) this.#said.delete(about);
    else this.#said.set(about, text);
  }
}
