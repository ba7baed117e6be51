import type { Definition } from '../domain/definition.js';
import { readDomainXml } from './domain-xml.js';
import type { Virsh } from './virsh.js';

/** What was read of domains, each by its canonical UUID. */
export interface ReaderSink {
  /** it runs */
  found(uuid: string, definition: Definition): void;
  /** libvirt gave its definition, whatever that is; or it did not, and why */
  answered(uuid: string): void;
  unanswered(uuid: string, error: Error): void;
  problem(text: string): void;
}

/** Asks libvirt for domains' definitions; for each once more where it changed while it was read. */
export class DomainReader {
  readonly #reading = new Map<string, { again: boolean; done: Promise<void> }>();

  constructor(
    private readonly virsh: Pick<Virsh, 'dump'>,
    private readonly sink: ReaderSink,
  ) {}

  get busy(): boolean {
    return this.#reading.size > 0;
  }

  /** Resolves when it is as it was at the last call; never rejects. */
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
      text = await this.virsh.dump(uuid);
      this.sink.answered(uuid);
    } catch (error) {
      this.sink.unanswered(uuid, error as Error);
      return;
    }
    try {
      const definition = readDomainXml(Buffer.from(text));
      // a domain that is defined has a definition when it has ended, too: then it has no id
      if (definition.document.root.hasAttribute('id')) this.sink.found(uuid, definition);
    } catch (error) {
      this.sink.problem(`domain ${uuid}: ${(error as Error).message}`);
    }
  }
}
