import type { PlainDefinition } from '../domain/plain-definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { BackOffLimits } from '../lib/back-off.js';
import type { SpoolEntry } from '../runtime/spool.js';
import { DomainReader } from './domain-reader.js';
import { mayHavePolicy, readDomainXml } from './domain-xml.js';
import type { LibvirtEvent } from './event-line.js';
import { LIST_REQUEST, RetryQueue } from './retry-queue.js';
import type { Virsh } from './virsh.js';

/** Receives the changes of running domains. UUIDs are canonical. */
export interface DomainSink {
  /** a domain with a policy has started, or its definition has changed */
  add(definition: PlainDefinition): void;
  /** @param name undefined if it is unknown */
  remove(uuid: string, name: string | undefined): void;
  /** its interrupts may have changed */
  markDirty(uuid: string): void;
  /** domains that have a state file, including those of a killed watcher */
  withState(): string[];
  problem(text: string): void;
  /** the definition of a domain (name or UUID) cannot be read */
  cannotRead(domain: string, reason: string): void;
  /** the running domains cannot be listed */
  cannotList(reason: string): void;
}

interface Known {
  name: string;
  /** a policy may apply to it */
  managed: boolean;
  /** sequence number of the last event or listing that showed it running */
  lastSeenSeq: number;
}

/** Maximum number of definitions that are read at the same time. */
const MAX_PARALLEL_READS = 4;
/** After this time a hook's call may be outdated: the running domains are listed instead. */
const STALE_MS = 60_000;

/** Tracks the running domains and their definitions, from the hook's calls and from libvirt. */
export class DomainTracker {
  readonly #known = new Map<string, Known>();
  readonly #reader: DomainReader;
  readonly #retries: RetryQueue;
  #listing: Promise<unknown> = Promise.resolve();
  /** a listing that has not started yet: further calls of list() share it */
  #next: { all: boolean; done: Promise<boolean> } | undefined;
  #listings = 0;
  #seq = 0;

  constructor(
    private readonly virsh: Pick<Virsh, 'listRunning' | 'dumpXml'>,
    private readonly sink: DomainSink,
    retryLimits?: BackOffLimits,
  ) {
    this.#retries = new RetryQueue(() => void this.list(), retryLimits);
    this.#reader = new DomainReader(virsh, {
      running: (uuid, definition) => this.#add(uuid, definition),
      answered: (uuid) => this.#retries.remove(uuid),
      failed: (uuid, { message }) => {
        if (this.#retries.failed(uuid, message)) sink.cannotRead(this.#known.get(uuid)?.name ?? uuid, message);
      },
      problem: (text) => sink.problem(text),
    });
  }

  /** Number of running domains that a policy may apply to. */
  get managedCount(): number {
    return [...this.#known.values()].filter(({ managed }) => managed).length;
  }

  get uuids(): string[] {
    return [...this.#known.keys()];
  }

  /** True while virsh is running, or a failed request waits for its retry. */
  get busy(): boolean {
    return this.#listings > 0 || this.#reader.busy || this.#retries.domains.length > 0;
  }

  /** Stops retrying. */
  close(): void {
    this.#retries.close();
  }

  /** Handles a call of the hook. */
  spooled({ operation, xml, writtenAt }: SpoolEntry): void {
    // a time in the future is from before the clock was set back
    if (operation !== 'release' && Math.abs(Date.now() - writtenAt) > STALE_MS) {
      void this.list();
      return;
    }
    try {
      const definition = readDomainXml(xml);
      const uuid = canonicalUuid(definition.uuid ?? '');
      if (uuid === undefined) throw new Error('a domain without a UUID');
      if (operation === 'release') this.#remove(uuid);
      else this.#add(uuid, definition);
    } catch (error) {
      this.sink.problem(`the hook's ${operation}: ${(error as Error).message}`);
    }
  }

  /**
   * Handles an event of libvirt; null: its domain cannot be read. The running domains are listed if the name is
   * unknown.
   */
  event(event: LibvirtEvent | null): void {
    const [uuid] = [...this.#known].find(([, { name }]) => name === event?.domain) ?? [];
    if (uuid === undefined || event?.change === 'ended') void this.list();
    else if (event?.change === 'interrupts') this.sink.markDirty(uuid);
    else void this.#reader.read(uuid);
  }

  /**
   * Lists the running domains, reads the definitions of new ones (or of all), and removes those that have ended.
   * Resolves to false if libvirt did not return the list; never rejects.
   */
  list({ all = false } = {}): Promise<boolean> {
    if (this.#next) {
      this.#next.all ||= all;
      return this.#next.done;
    }
    const next = { all, done: Promise.resolve(false) };
    this.#next = next;
    this.#listings++;
    next.done = this.#listing
      .then(() => {
        this.#next = undefined;
        return this.#list(next.all);
      })
      .finally(() => this.#listings--);
    this.#listing = next.done;
    return next.done;
  }

  async #list(all: boolean): Promise<boolean> {
    const before = this.#seq;
    let running: string[];
    try {
      running = await this.virsh.listRunning();
      this.#retries.remove(LIST_REQUEST);
    } catch (error) {
      const { message } = error as Error;
      if (this.#retries.failed(LIST_REQUEST, message)) this.sink.cannotList(message);
      return false;
    }
    const { domains: unread } = this.#retries;
    const gone = new Set(
      [...this.#known.keys(), ...unread, ...this.sink.withState()].filter((uuid) => !running.includes(uuid)),
    );
    for (const uuid of gone) {
      // it may have started again since
      if ((this.#known.get(uuid)?.lastSeenSeq ?? 0) <= before) this.#remove(uuid);
    }
    const toRead = running.filter((uuid) => all || !this.#known.has(uuid) || unread.includes(uuid));
    const worker = async () => {
      for (let uuid = toRead.shift(); uuid !== undefined; uuid = toRead.shift()) await this.#reader.read(uuid);
    };
    await Promise.all(Array.from({ length: MAX_PARALLEL_READS }, worker));
    return true;
  }

  #add(uuid: string, definition: PlainDefinition): void {
    const { name } = definition;
    const before = this.#known.get(uuid);
    const managed = mayHavePolicy(definition);
    this.#known.set(uuid, { name, managed, lastSeenSeq: ++this.#seq });
    if (managed) this.sink.add({ ...definition, uuid });
    else if (before?.managed) this.sink.remove(uuid, name);
  }

  #remove(uuid: string): void {
    const known = this.#known.get(uuid);
    this.#known.delete(uuid);
    this.#retries.remove(uuid);
    if (known?.managed || this.sink.withState().includes(uuid)) this.sink.remove(uuid, known?.name);
  }
}
