import type { Settings } from '../affinity/settings.js';
import { GuestTracker } from '../discovery/guest-tracker.js';
import { devicesWithPolicy } from '../domain/effective-policy.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { processOfUuid } from '../host/process-id.js';
import { RealFs } from '../host/real-fs.js';
import type { VectorEvent } from '../host/trace-events.js';
import { VectorStream } from '../host/trace-stream.js';
import { printable, printableStart } from '../lib/printable.js';
import { omittedText, RateLimiter } from '../lib/rate-limiter.js';
import { ReportOnce } from '../lib/report-once.js';
import { LibvirtDaemon } from '../libvirt/daemon.js';
import { type DomainSink, DomainTracker } from '../libvirt/domain-tracker.js';
import { LibvirtEvents, type LibvirtListener } from '../libvirt/events.js';
import { Virsh } from '../libvirt/virsh.js';
import type { VirshConnection } from '../libvirt/virsh-process.js';
import { releaseTexts } from '../report/release-text.js';
import { tryDomainLock } from '../runtime/domain-lock.js';
import { removeLeftovers } from '../runtime/leftovers.js';
import { Spool } from '../runtime/spool.js';
import { StateStore } from '../runtime/state-store.js';
import { IrqbalanceSync } from './output/irqbalance-sync.js';
import { DomainJournal, type JournalEntry, placementEntries, problemEntry } from './output/journal-entry.js';
import { StatusPublisher } from './output/status-publisher.js';
import { type Clock, type Dirty, type DomainProblem, type ReconcileResult, Reconciler } from './reconciler.js';
import { RestoreOnExit } from './restore-on-exit.js';

/** Characters of an unknown line that are reported. */
const MAX_LINE_LENGTH = 200;

export interface WatcherOptions {
  root: string;
  libvirt: VirshConnection;
  /** where domains are looked for: libvirt is asked, the processes in /proc are read */
  discover: { libvirt: boolean; proc: boolean };
  /** path of the metrics file for Prometheus */
  metrics: string | undefined;
  /** of this program */
  version: string;
  /** use trace events */
  tracing: boolean;
  /** exit after the last domain, and give way to a watcher without this option */
  untilIdle: boolean;
  /** restore original affinities on exit */
  restoreOnExit: boolean;
  settings: Settings;
  clock: Clock;
  /** CPU time that this process has used, in ms */
  cpuMs(): number;
  pid: number;
  journal(entry: JournalEntry): void;
  /** text for `systemctl status` */
  status(text: string): void;
}

/** The service: passes events of the kernel, libvirt and the hook to the reconciler, and its results to the journal. */
export class Watcher {
  readonly #reconciler: Reconciler;
  readonly #files: RealFs;
  readonly #state: StateStore;
  readonly #spool: Spool;
  readonly #virsh: Virsh;
  readonly #tracker: DomainTracker;
  readonly #guests: GuestTracker | undefined;
  readonly #libvirtEvents: LibvirtEvents;
  readonly #trace: VectorStream;
  /** warnings about input from outside, which may come in floods */
  readonly #inputWarnings = new RateLimiter((text) => this.#warn(text), omittedText);
  readonly #domainJournal: DomainJournal;
  readonly #publisher: StatusPublisher;
  readonly #irqbalance: IrqbalanceSync;
  readonly #restorer: RestoreOnExit | undefined;
  readonly #problems = new ReportOnce<'libvirt' | 'events'>();
  #timer: NodeJS.Timeout | undefined;
  #isChanging = false;
  #stopped = false;

  constructor(private readonly options: WatcherOptions) {
    const { root, libvirt, clock, cpuMs, settings } = options;
    this.#files = new RealFs(root);
    this.#state = new StateStore(root);
    const host = { files: this.#files, state: this.#state, clock, cpuMs };
    const { discover } = options;
    const vectorUnplaced = (address: string) => this.#guests?.vectorUnplaced(address);
    const requesterUnknown = (pid: number | undefined) => this.#guests?.requesterUnknown(pid);
    this.#reconciler = new Reconciler(
      {
        ...host,
        ...(discover.proc ? { vectorUnplaced, requesterUnknown } : {}),
        exclusively: (uuid, action) => tryDomainLock(root, uuid, action),
      },
      settings,
    );
    this.#spool = new Spool(root);
    this.#trace = new VectorStream(
      {
        changed: (event) => this.#vectorsChanged(event),
        postingLost: () => this.#change(() => this.#reconciler.takePostings([{ kind: 'lost' }])),
        stateChanged: (reason) => this.#setTraced(reason),
      },
      root,
    );
    const daemon = new LibvirtDaemon(root, libvirt.uri);
    this.#virsh = new Virsh(libvirt, undefined, daemon);
    const sink: DomainSink = {
      add: (definition) => this.#change(() => this.#add(definition)),
      remove: (uuid, name) => this.#change(() => this.#remove(uuid, name)),
      markDirty: (uuid) => this.#markDirty({ uuid }),
      withState: () => this.#state.list(),
      problem: (text) => this.#inputWarnings.write(text),
      cannotRead: (domain, reason) => this.#warnLibvirtFailure(`${domain}: cannot read its definition`, reason),
      cannotList: (reason) => this.#warnLibvirtFailure('cannot list the running domains', reason),
    };
    // each sees the end of its own domains alone
    const withState = () => this.#state.list().filter((uuid) => !processOfUuid(uuid));
    this.#tracker = new DomainTracker(this.#virsh, { ...sink, withState });
    if (discover.proc) {
      const { scopes } = settings;
      const withoutLibvirts = discover.libvirt;
      this.#guests = new GuestTracker(this.#files, sink, { scopes, withoutLibvirts, now: () => clock.now(), cpuMs });
    }
    const listener: LibvirtListener = {
      event: (event) => this.#tracker.event(event),
      connecting: (first) => void this.#connecting(first),
      lost: (reason) => this.#warnUnreachable(reason),
      waiting: () => this.#info("libvirt's daemon has ended: waiting until it runs again"),
      unknown: (line) => this.#countUnknownEvent(line),
    };
    this.#libvirtEvents = new LibvirtEvents(libvirt, listener, daemon);
    this.#domainJournal = new DomainJournal(options.journal);
    this.#publisher = new StatusPublisher(options, this.#reconciler);
    if (options.restoreOnExit) this.#restorer = new RestoreOnExit(root, (text) => this.#warn(text));
    this.#irqbalance = new IrqbalanceSync(options, this.#reconciler);
  }

  /**
   * Whether no running domain has a policy, no work is pending and the spool is empty. Otherwise it takes the spooled
   * calls and removes abandoned ones.
   */
  checkIdle(): boolean {
    if (this.#tracker.busy || this.#tracker.managedCount + (this.#guests?.managedCount ?? 0) > 0) return false;
    if (this.#spool.isEmpty) return true;
    this.#takeSpooled();
    return false;
  }

  /** Throws the system's error if /run cannot be written. */
  async start(): Promise<void> {
    this.#spool.open();
    removeLeftovers(this.options.root);
    if (this.options.tracing) await this.#trace.start();
    else this.#setTraced('--no-tracing');
    this.#spool.watch(
      () => this.#takeSpooled(),
      (reason) => this.#warn(`calls of the hook are no longer seen: ${reason}`),
    );
    this.#takeSpooled();
    if (this.options.discover.libvirt) this.#libvirtEvents.start();
    this.#publisher.start();
    this.#irqbalance.start();
  }

  setSettings(settings: Settings): void {
    this.#change(() => {
      this.#reconciler.setSettings(settings);
      this.#guests?.setScopes(settings.scopes);
    });
  }

  /**
   * Keeps every affinity, or restores the original ones. Handles the hook's calls that are in the spool: give up the
   * lock before, so that the next watcher handles later ones. False if the thread that reads trace events does not end.
   */
  async stop(): Promise<boolean> {
    if (!this.#stopped) this.#takeSpooled();
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#spool.close();
    this.#libvirtEvents.close();
    this.#tracker.close();
    this.#virsh.close();
    this.#inputWarnings.close();
    this.#domainJournal.close();
    const [ended = true] = await Promise.all([this.#trace.close(), this.#irqbalance.stop()]);
    if (this.#restorer) {
      const uuids = [...this.#tracker.uuids, ...(this.#guests?.uuids ?? [])];
      const count = this.#restorer.restore(this.#files, this.#state, uuids);
      this.#info(`restored the affinity of ${count} interrupt${count === 1 ? '' : 's'}`);
    }
    this.#publisher.stop();
    return ended;
  }

  /** @param reason why trace events are unavailable; null: they are available */
  #setTraced(reason: string | null): void {
    this.#publisher.setTracing(reason);
    if (reason === null) this.#info('detecting new interrupts with trace events');
    else this.#info(`trace events unavailable (${reason}): polling`);
    this.#change(() => {
      this.#reconciler.setTraced(reason === null);
      this.#guests?.setTraced(reason === null);
    });
  }

  #vectorsChanged({ irqs, at, lost, postings, requests }: VectorEvent): void {
    this.#change(() => {
      // before the IRQs: posted interrupts are not written
      this.#reconciler.takePostings(postings);
      if (lost || requests?.moved) this.#reconciler.pollSoon();
      if (requests) this.#reconciler.vectorsRequested(requests);
      this.#reconciler.markDirty({ irqs, ...(at === undefined ? {} : { seenAt: at }) });
    });
  }

  #takeSpooled(): void {
    const { entries, problems } = this.#spool.take();
    for (const problem of problems) this.#inputWarnings.write(problem);
    if (entries.length === 0) return;
    this.#change(() => {
      if (!this.options.discover.libvirt) this.#guests?.lookNow();
      else for (const entry of entries) this.#tracker.spooled(entry);
    });
  }

  /** Events may be missed while a connection is being made, so the domains are listed again once it is made. */
  async #connecting(first: boolean): Promise<void> {
    const answered = await this.#tracker.list({ all: first });
    if (first || !answered || !this.#problems.has('libvirt')) return;
    this.#problems.clear('libvirt');
    this.#info('libvirt can be reached again');
  }

  #warnUnreachable(reason: string): void {
    if (this.#problems.isNew('libvirt', reason)) this.#warn(`cannot reach libvirt, retrying: ${reason}`);
  }

  /** Another version of virsh may print other lines: reported once. */
  #countUnknownEvent(line: string): void {
    this.#reconciler.countUnknownEvent();
    const start = printableStart(line, MAX_LINE_LENGTH);
    if (this.#problems.isNew('events', 'unknown'))
      this.#warn(`virsh event printed an unknown event, which may be missed; others are only counted: ${start}`);
    this.#publisher.changed();
  }

  #warnLibvirtFailure(what: string, reason: string): void {
    // if libvirt cannot be reached, the cause was already reported
    if (!this.#problems.has('libvirt')) this.#inputWarnings.write(`${what}, retrying: ${reason}`);
  }

  /** Makes a change to the reconciler, then runs it. Nested changes lead to one run. Does nothing after stop(). */
  #change(change: () => void): void {
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

  /** Runs the reconciler and looks for guests now, and again when it is due. */
  #run(): void {
    if (this.#stopped) return;
    this.#report(this.#reconciler.run());
    clearTimeout(this.#timer);
    const now = this.options.clock.now();
    const guestsDue = this.#guests?.due ?? Number.POSITIVE_INFINITY;
    if (guestsDue <= now) {
      // runs again
      this.#change(() => this.#guests?.look());
      return;
    }
    const due = Math.min(this.#reconciler.due, guestsDue);
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(due - now)));
  }

  #add(definition: PlainDefinition): void {
    this.#domainJournal.added(definition);
    this.#irqbalance.expect(devicesWithPolicy(definition, this.#reconciler.settings));
    this.#trace.lookForPosting();
    this.#reconciler.add(definition);
    const addresses = definition.devices.flatMap(({ address }) => address ?? []);
    if (definition.uuid !== undefined) this.#restorer?.setDevices(definition.uuid, addresses);
    this.#irqbalance.changed();
  }

  #remove(uuid: string, name = uuid): void {
    try {
      const released = this.#reconciler.remove(uuid);
      for (const text of releaseTexts(released)) this.#warn(printable(`${name}: ${text}`));
      this.#restorer?.forget(uuid);
      this.#irqbalance.changed();
      this.#domainJournal.removed(name);
    } catch (error) {
      this.#warn(`cannot remove the state of ${uuid}: ${(error as Error).message}`);
    }
  }

  #markDirty(dirty: Dirty): void {
    this.#change(() => this.#reconciler.markDirty(dirty));
  }

  #report(result: ReconcileResult): void {
    const { changed, problems } = result;
    this.#restorer?.record(result);
    // libvirt tells of the end of its domains, and nobody of the end of other guests
    const hasEnded = ({ rule, uuid }: DomainProblem) => rule === 'not-running' && processOfUuid(uuid ?? undefined);
    if (problems.some(hasEnded)) this.#guests?.guestEnded();
    const lines = problems.filter((problem) => !hasEnded(problem)).map(problemEntry);
    for (const entry of [...placementEntries(changed), ...lines]) this.#domainJournal.write(entry);
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
