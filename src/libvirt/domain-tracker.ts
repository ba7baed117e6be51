import type { Definition } from '../domain/definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { SpoolEntry } from '../runtime/spool.js';
import { DomainReader } from './domain-reader.js';
import { isConcerned, readDomainXml } from './domain-xml.js';
import type { LibvirtEvent } from './event-line.js';
import { RetryQueue } from './retry-queue.js';
import type { Virsh } from './virsh.js';

/** What is told about domains; of each by its canonical UUID. */
export interface DomainSink {
  put(definition: Definition): void;
  /** its name, where it is known */
  drop(uuid: string, name: string | undefined): void;
  stir(uuid: string | undefined): void;
  /** domains that something is kept of, from a watcher that was killed, too */
  remembered(): string[];
  problem(text: string): void;
  /** libvirt does not give a domain's definition (its name, or UUID), or, if that is '', does not say who runs */
  unanswered(domain: string, reason: string): void;
}

interface Known {
  name: string;
  /** a policy concerns it */
  held: boolean;
  /** which of all the tellings was the last that it runs */
  told: number;
}

/** Domains that virsh is asked for at the same time. */
const AT_ONCE = 4;
/** A call of the hook that nobody took for so long, in milliseconds, says little: who runs is asked. */
const STALE = 60_000;

/** Which domains run, and as what: from the hook's spool, and from libvirt. */
export class DomainTracker {
  readonly #known = new Map<string, Known>();
  readonly #reader: DomainReader;
  readonly #unanswered: RetryQueue;
  #listing: Promise<unknown> = Promise.resolve();
  /** a listing that has not begun, and so will do for whoever asks meanwhile */
  #next: { all: boolean; done: Promise<boolean> } | undefined;
  #listings = 0;
  #tellings = 0;

  constructor(
    private readonly virsh: Pick<Virsh, 'running' | 'dump'>,
    private readonly sink: DomainSink,
    pauses?: { first: number; longest: number },
  ) {
    this.#unanswered = new RetryQueue(() => void this.list(), pauses);
    this.#reader = new DomainReader(virsh, {
      found: (uuid, definition) => this.#put(uuid, definition),
      answered: (uuid) => this.#unanswered.answered(uuid),
      // a domain that has ended is not in the list
      unanswered: (uuid, error) => this.#askAgain(uuid, error),
      problem: (text) => sink.problem(text),
    });
  }

  /** Domains that a policy concerns. */
  get held(): number {
    return [...this.#known.values()].filter(({ held }) => held).length;
  }

  get uuids(): string[] {
    return [...this.#known.keys()];
  }

  /** Something is being asked of libvirt, or has to be asked again of a domain. */
  get busy(): boolean {
    return this.#listings > 0 || this.#reader.busy || this.#unanswered.domains.length > 0;
  }

  /** From now on nothing is asked again. */
  close(): void {
    this.#unanswered.close();
  }

  /** What the hook was called for. */
  spooled({ operation, xml, left }: SpoolEntry): void {
    if (operation !== 'release' && Date.now() - left > STALE) {
      void this.list();
      return;
    }
    try {
      const definition = readDomainXml(xml);
      const uuid = canonicalUuid(definition.uuid ?? '');
      if (uuid === undefined) throw new Error('a domain without a UUID');
      if (operation === 'release') this.#drop(uuid);
      else this.#put(uuid, definition);
    } catch (error) {
      this.sink.problem(`the hook's ${operation}: ${(error as Error).message}`);
    }
  }

  /** What libvirt tells. A name that is nobody's, as far as is known, has all be asked for. */
  event(event: LibvirtEvent | null): void {
    const [uuid] = [...this.#known].find(([, { name }]) => name === event?.domain) ?? [];
    if (uuid === undefined || event?.meaning === 'ended') void this.list();
    else if (event?.meaning === 'stirred') this.sink.stir(uuid);
    else void this.#reader.read(uuid);
  }

  /** Asks who runs: reads those that are new, or all of them, and lets go who does not. Resolves when all is done, with whether libvirt said who runs; never rejects. */
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
    const before = this.#tellings;
    let running: string[];
    try {
      running = await this.virsh.running();
      this.#unanswered.answered('');
    } catch (error) {
      this.#askAgain('', error as Error);
      return false;
    }
    const { domains: silent } = this.#unanswered;
    const gone = new Set(
      [...this.#known.keys(), ...silent, ...this.sink.remembered()].filter((uuid) => !running.includes(uuid)),
    );
    for (const uuid of gone) {
      // it may have started since
      if ((this.#known.get(uuid)?.told ?? 0) <= before) this.#drop(uuid);
    }
    const unread = running.filter((uuid) => all || !this.#known.has(uuid) || silent.includes(uuid));
    const worker = async () => {
      for (let uuid = unread.shift(); uuid !== undefined; uuid = unread.shift()) await this.#reader.read(uuid);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return true;
  }

  #askAgain(question: string, { message }: Error): void {
    if (!this.#unanswered.failed(question, message)) return;
    this.sink.unanswered(this.#known.get(question)?.name ?? question, message);
  }

  #put(uuid: string, definition: Definition): void {
    const { name } = definition;
    const before = this.#known.get(uuid);
    const held = isConcerned(definition);
    this.#known.set(uuid, { name, held, told: ++this.#tellings });
    if (held) this.sink.put({ ...definition, uuid });
    else if (before?.held) this.sink.drop(uuid, name);
  }

  #drop(uuid: string): void {
    const known = this.#known.get(uuid);
    this.#known.delete(uuid);
    this.#unanswered.answered(uuid);
    if (known?.held || this.sink.remembered().includes(uuid)) this.sink.drop(uuid, known?.name);
  }
}
