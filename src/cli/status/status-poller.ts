import type { DomainPlan } from '../../affinity/domain-plan.js';
import { type PassHost, planDomain } from '../../affinity/reconcile-domain.js';
import { type PlainDefinition, plainDefinition } from '../../domain/plain-definition.js';
import { type Posting, readPosting } from '../../host/posting.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { type EnforceOptions, openHost, readDomain, readPostings, sourcesOf } from '../host/domain-source.js';
import type { Io } from '../io.js';

/** virsh takes some 20 ms for each domain: a definition is used this long. The interrupts are read at every poll. */
const DEFINITION_MAX_AGE_MS = 10_000;

/** Reads the status of the same domains again and again. */
export class StatusPoller {
  /** which definitions the last poll could not read, for people */
  complaint = '';
  /** at the last poll */
  posting: Posting;
  readonly #host: PassHost;
  readonly #known = new Map<string, { definition: PlainDefinition | undefined; until: number; complaint: string }>();

  constructor(
    private readonly options: EnforceOptions,
    private readonly io: Io,
  ) {
    this.#host = openHost(options, io);
    this.posting = readPosting(this.#host.files);
  }

  get files(): PseudoFs {
    return this.#host.files;
  }

  /** in ms, monotonic */
  now(): number {
    return performance.now();
  }

  /** Throws what reading the host throws. */
  poll(): DomainPlan[] {
    const sources = sourcesOf(this.options, this.io);
    const known = sources.map((source) => {
      const found = this.#known.get(source.name);
      if (found && found.until > this.now()) return found;
      const complaints: string[] = [];
      const stderr = { isTTY: false, write: (text: string) => void complaints.push(text) };
      const definition = readDomain(source, { ...this.io, stderr });
      // standard input can be read once only
      const until = source.once ? Number.POSITIVE_INFINITY : this.now() + DEFINITION_MAX_AGE_MS;
      const read = { definition: definition && plainDefinition(definition), until, complaint: complaints.join('') };
      this.#known.set(source.name, read);
      return read;
    });
    const names = new Set(sources.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    const { posting, postingOf } = readPostings(this.#host.files, this.options.root);
    this.posting = posting;
    const host = { ...this.#host, postingOf };
    this.complaint = known.map(({ complaint }) => complaint).join('');
    return known.flatMap(({ definition }) => (definition ? planDomain(host, definition) : []));
  }
}
