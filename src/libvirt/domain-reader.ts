import type { PlainDefinition } from '../domain/plain-definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import { readDomainXml } from './domain-xml.js';
import type { Virsh } from './virsh.js';

/** Receives definitions. UUIDs are canonical. */
export interface ReaderSink {
  /** the definition of a running domain */
  running(uuid: string, definition: PlainDefinition): void;
  /** libvirt returned some XML, valid or not; failed(): it returned none */
  answered(uuid: string): void;
  failed(uuid: string, error: Error): void;
  problem(text: string): void;
}

/** Reads definitions from libvirt. A request for a domain that is just being read leads to one more read. */
export class DomainReader {
  readonly #reading = new Map<string, { again: boolean; done: Promise<void> }>();

  constructor(
    private readonly virsh: Pick<Virsh, 'dumpXml'>,
    private readonly sink: ReaderSink,
  ) {}

  get busy(): boolean {
    return this.#reading.size > 0;
  }

  /** Resolves when the present definition, or a later one, has been read; never rejects. */
  read(uuid: string): Promise<void> {
    const current = this.#reading.get(uuid);
    if (current) {
      current.again = true;
      return current.done;
    }
    const reading = { again: true, done: Promise.resolve() };
    this.#reading.set(uuid, reading);
    reading.done = this.#readWhile(uuid, reading);
    return reading.done;
  }

  async #readWhile(uuid: string, reading: { again: boolean }): Promise<void> {
    try {
      while (reading.again) {
        reading.again = false;
        await this.#readOnce(uuid);
      }
    } finally {
      this.#reading.delete(uuid);
    }
  }

  async #readOnce(uuid: string): Promise<void> {
    let text: string;
    try {
      text = await this.virsh.dumpXml(uuid);
      this.sink.answered(uuid);
    } catch (error) {
      this.sink.failed(uuid, error as Error);
      return;
    }
    try {
      const definition = readDomainXml(Buffer.from(text));
      // virsh takes the UUID for a name if no domain has this UUID
      const answered = canonicalUuid(definition.uuid ?? '');
      if (answered !== uuid)
        throw new Error(`libvirt's answer is about ${answered ?? 'a domain without a UUID'}: ignored`);
      // only a running domain has an id; a persistent domain has a definition after its end, too
      if (definition.hasId) this.sink.running(uuid, definition);
    } catch (error) {
      this.sink.problem(`domain ${uuid}: ${(error as Error).message}`);
    }
  }
}
