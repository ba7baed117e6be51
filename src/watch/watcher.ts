import { join } from 'node:path';
import type { Settings } from '../affinity/settings.js';
import type { Definition } from '../domain/definition.js';
import { devicesWithPolicy } from '../domain/effective-policy.js';
import { RealFs } from '../host/real-fs.js';
import type { VectorEvent } from '../host/trace-events.js';
import { pause } from '../lib/pause.js';
import { printable } from '../lib/printable.js';
import { RateLimiter } from '../lib/rate-limiter.js';
import { DomainTracker } from '../libvirt/domain-tracker.js';
import { LibvirtEvents } from '../libvirt/events.js';
import { Virsh } from '../libvirt/virsh.js';
import { withDomainLock } from '../runtime/domain-lock.js';
import { Spool } from '../runtime/spool.js';
import { StateStore } from '../runtime/state-store.js';
import { IrqTrace } from './irq-trace.js';
import { IrqbalanceSync } from './output/irqbalance-sync.js';
import { placementEntries, problemEntry } from './output/journal-entry.js';
import { StatusPublisher } from './output/status-publisher.js';
import { ReconcileLoop } from './reconcile-loop.js';
import { type ReconcileResult, Reconciler, type Stir } from './reconciler.js';
import { RestoreAtEnd } from './restore-at-end.js';
import type { WatcherOptions } from './watcher-options.js';

/** The loop that holds: what the kernel, libvirt and the hook tell goes to Hold, what Hold does goes to the journal. */
export class Watcher {
  readonly #hold: Reconciler;
  readonly #files: RealFs;
  readonly #state: StateStore;
  readonly #spool: Spool;
  readonly #virsh: Virsh;
  readonly #feed: DomainTracker;
  readonly #events: LibvirtEvents;
  /** of what others leave and define */
  readonly #outside = new RateLimiter((text) => this.#warn(text));
  readonly #word: IrqTrace;
  readonly #publisher: StatusPublisher;
  readonly #irqbalance: IrqbalanceSync;
  readonly #restorer: RestoreAtEnd | undefined;
  readonly #loop: ReconcileLoop;
  #unreachable = '';

  constructor(private readonly options: WatcherOptions) {
    const { root, libvirt, clock, settings } = options;
    this.#files = new RealFs(root);
    this.#state = new StateStore(root);
    const lock = { folder: join(root || '/', 'run/hostdev-cpuset'), pause };
    const host = { files: this.#files, state: this.#state, clock, pause };
    this.#hold = new Reconciler(
      { ...host, exclusively: (uuid, action) => withDomainLock(lock, uuid, action) },
      settings,
    );
    this.#loop = new ReconcileLoop(this.#hold, clock, (run) => this.#ran(run));
    this.#spool = new Spool(root);
    this.#virsh = new Virsh(libvirt);
    this.#feed = new DomainTracker(this.#virsh, {
      put: (definition) => this.#loop.after(() => this.#put(definition)),
      drop: (uuid, name) => this.#loop.after(() => this.#drop(uuid, name)),
      stir: (uuid) => this.#stir(uuid === undefined ? {} : { uuid }),
      remembered: () => this.#state.list(),
      problem: (text) => this.#outside.say(text),
      unanswered: (domain, reason) => this.#unanswered(domain, reason),
    });
    this.#events = new LibvirtEvents(libvirt, {
      event: (event) => this.#feed.event(event),
      connecting: (first) => void this.#connecting(first),
      lost: (reason) => this.#lost(reason),
    });
    this.#word = new IrqTrace(root, {
      news: (news) => this.#heard(news),
      way: (reason) => this.#way(reason),
    });
    this.#publisher = new StatusPublisher(options, this.#hold);
    if (options.restoreOnExit) this.#restorer = new RestoreAtEnd(root, (text) => this.#warn(text));
    this.#irqbalance = new IrqbalanceSync(options, this.#hold);
  }

  /** Nothing is under way, and no running domain has a policy. */
  get idle(): boolean {
    return !this.#feed.busy && this.#feed.held === 0 && !this.#spool.hasSome();
  }

  /** Throws the system's error where /run cannot be written. */
  async start(): Promise<void> {
    this.#spool.open();
    await this.#word.start(this.options.tracing);
    this.#spool.watch(
      () => this.#takeSpooled(),
      (reason) => this.#warn(`the hook cannot be heard any more: ${reason}`),
    );
    this.#takeSpooled();
    this.#events.start();
    this.#publisher.start();
    this.#irqbalance.start();
  }

  /** From now on another configuration holds. */
  configure(settings: Settings): void {
    this.#hold.settings = settings;
    this.#stir({});
  }

  /** Leaves every interrupt where it is, or gives it back what it had. False where a thread of ours will not end. */
  async stop(): Promise<boolean> {
    this.#loop.stop();
    this.#spool.close();
    this.#events.close();
    this.#feed.close();
    this.#virsh.close();
    this.#outside.close();
    const [ended] = await Promise.all([this.#word.close(), this.#irqbalance.stop()]);
    if (this.#restorer) {
      const count = this.#restorer.restore(this.#files, this.#state, this.#feed.uuids);
      this.#info(`${count} interrupts have again what they had`);
    }
    this.#publisher.stop();
    return ended;
  }

  #way(reason: string | null): void {
    this.#hold.traced = reason === null;
    this.#publisher.way(reason);
    if (reason === null) this.#info('the kernel tells of new interrupts (trace events)');
    else this.#info(`new interrupts are looked for at intervals: ${reason}`);
    this.#stir({});
  }

  #heard({ irqs, at, lost }: VectorEvent): void {
    this.#stir({ ...(lost ? {} : { irqs }), ...(at === undefined ? {} : { at }) });
  }

  #takeSpooled(): void {
    const { entries, problems } = this.#spool.take();
    for (const problem of problems) this.#outside.say(problem);
    if (entries.length === 0) return;
    this.#loop.after(() => {
      for (const entry of entries) this.#feed.spooled(entry);
    });
  }

  /** A connection that is made may miss what happens just then: so who runs is asked again when it stands. */
  async #connecting(first: boolean): Promise<void> {
    const answered = await this.#feed.list({ all: first });
    if (first || !answered || this.#unreachable === '') return;
    this.#unreachable = '';
    this.#info('libvirt answers again');
  }

  /** Said once for each reason. */
  #lost(reason: string): void {
    if (reason !== this.#unreachable) this.#warn(`libvirt is asked again and again: ${reason}`);
    this.#unreachable = reason;
  }

  /** Of a daemon that is away it was said. */
  #unanswered(domain: string, reason: string): void {
    if (this.#unreachable !== '') return;
    const what = domain === '' ? 'libvirt does not say who runs' : `${domain}: libvirt does not give its definition`;
    this.#outside.say(`${what}, and is asked again: ${reason}`);
  }

  #put(definition: Definition): void {
    this.#irqbalance.expect(devicesWithPolicy(definition, this.#hold.settings));
    this.#hold.put(definition);
    this.#irqbalance.changed();
  }

  #drop(uuid: string, name = uuid): void {
    try {
      this.#hold.drop(uuid);
      this.#restorer?.forget(uuid);
      this.#irqbalance.changed();
      this.options.journal({ priority: 'info', text: printable(`${name}: let go`), domains: [name] });
    } catch (error) {
      this.#warn(`the state of ${uuid} stays: ${(error as Error).message}`);
    }
  }

  #stir(what: Stir): void {
    this.#loop.after(() => this.#hold.stir(what));
  }

  #ran({ changed, problems }: ReconcileResult): void {
    this.#restorer?.note(changed);
    for (const entry of [...placementEntries(changed), ...problems.map(problemEntry)]) this.options.journal(entry);
    this.#publisher.changed();
    if (changed.length > 0) this.#irqbalance.changed();
  }

  #warn(text: string): void {
    this.options.journal({ priority: 'warning', text });
  }

  #info(text: string): void {
    this.options.journal({ priority: 'info', text });
  }
}
