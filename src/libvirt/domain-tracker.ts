import type { Definition } from '../domain/definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { SpoolEntry } from '../runtime/spool.js';
import { DomainReader } from './domain-reader.js';
import { isConcerned, readDomainXml } from './domain-xml.js';
import type { LibvirtEvent } from './event-line.js';
import { RetryQueue } from './retry-queue.js';
import type { Virsh } from './virsh.js';

/** Receives what changes about running domains. UUIDs are canonical. */
export interface DomainSink {
  /** a domain with a policy runs, or its definition changed */
  add(definition: Definition): void;
  /** @param name undefined if it is not known */
  remove(uuid: string, name: string | undefined): void;
  /** its interrupts may have changed */
  markDirty(uuid: string): void;
  /** domains that have a state file, those of a killed watcher included */
  withState(): string[];
  problem(text: string): void;
  /** virsh failed to give a domain's definition (domain: name or UUID), or, if '', the list of domains */
  unanswered(domain: string, reason: string): void;
}

interface Known {
  name: string;
  /** a policy may concern it */
  managed: boolean;
  /** sequence number of the last sign that it runs */
  lastSeenSeq: number;
}

/** How many definitions are read at the same time. */
const MAX_PARALLEL_READS = 4;
/** A hook call that is older is not believed: the domains are listed instead. */
const STALE_MS = 60_000;

/** Tracks which domains run, and their definitions: from hook calls and from libvirt. */
export class DomainTracker {
  readonly #known = new Map<string, Known>();
  readonly #reader: DomainReader;
  readonly #retries: RetryQueue;
  #listing: Promise<unknown> = Promise.resolve();
  /** a listing that has not begun: it serves all who ask until then */
  #next: { all: boolean; done: Promise<boolean> } | undefined;
  #listings = 0;
  #seq = 0;

  constructor(
    private readonly virsh: Pick<Virsh, 'running' | 'dump'>,
    private readonly sink: DomainSink,
    pauses?: { first: number; longest: number },
  ) {
    this.#retries = new RetryQueue(() => void this.list(), pauses);
    this.#reader = new DomainReader(virsh, {
      found: (uuid, definition) => this.#add(uuid, definition),
      answered: (uuid) => this.#retries.answered(uuid),
      // a domain that has ended is not in the list
      unanswered: (uuid, error) => this.#askAgain(uuid, error),
      problem: (text) => sink.problem(text),
    });
  }

  /** How many running domains a policy may concern. */
  get managedCount(): number {
    return [...this.#known.values()].filter(({ managed }) => managed).length;
  }

  get uuids(): string[] {
    return [...this.#known.keys()];
  }

  /** virsh is running, or has to be run again. */
  get busy(): boolean {
    return this.#listings > 0 || this.#reader.busy || this.#retries.domains.length > 0;
  }

  /** Stops retrying. */
  close(): void {
    this.#retries.close();
  }

  /** A hook call. */
  spooled({ operation, xml, left }: SpoolEntry): void {
    if (operation !== 'release' && Date.now() - left > STALE_MS) {
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

  /** An event of libvirt; null: one whose domain cannot be read. For an unknown name the domains are listed. */
  event(event: LibvirtEvent | null): void {
    const [uuid] = [...this.#known].find(([, { name }]) => name === event?.domain) ?? [];
    if (uuid === undefined || event?.meaning === 'ended') void this.list();
    else if (event?.meaning === 'stirred') this.sink.markDirty(uuid);
    else void this.#reader.read(uuid);
  }

  /**
   * Lists the running domains, reads the definitions of new ones (or of all), and removes those that have ended. Resolves to whether
   * libvirt gave the list; never rejects.
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
      running = await this.virsh.running();
      this.#retries.answered('');
    } catch (error) {
      this.#askAgain('', error as Error);
      return false;
    }
    const { domains: unanswered } = this.#retries;
    const gone = new Set(
      [...this.#known.keys(), ...unanswered, ...this.sink.withState()].filter((uuid) => !running.includes(uuid)),
    );
    for (const uuid of gone) {
      // it may have started since
      if ((this.#known.get(uuid)?.lastSeenSeq ?? 0) <= before) this.#remove(uuid);
    }
    const unread = running.filter((uuid) => all || !this.#known.has(uuid) || unanswered.includes(uuid));
    const worker = async () => {
      for (let uuid = unread.shift(); uuid !== undefined; uuid = unread.shift()) await this.#reader.read(uuid);
    };
    await Promise.all(Array.from({ length: MAX_PARALLEL_READS }, worker));
    return true;
  }

  #askAgain(question: string, { message }: Error): void {
    if (!this.#retries.failed(question, message)) return;
    this.sink.unanswered(this.#known.get(question)?.name ?? question, message);
  }

  #add(uuid: string, definition: Definition): void {
    const { name } = definition;
    const before = this.#known.get(uuid);
    const managed = isConcerned(definition);
    this.#known.set(uuid, { name, managed, lastSeenSeq: ++this.#seq });
    if (managed) this.sink.add({ ...definition, uuid });
    else if (before?.managed) this.sink.remove(uuid, name);
  }

  #remove(uuid: string): void {
    const known = this.#known.get(uuid);
    this.#known.delete(uuid);
    this.#retries.answered(uuid);
    if (known?.managed || this.sink.withState().includes(uuid)) this.sink.remove(uuid, known?.name);
  }
}
