import type { PlainDefinition } from '../domain/plain-definition.js';
import { omittedText, RateLimiter } from '../lib/rate-limiter.js';

/**
 * Journal entries about domains, limited for each: its guest may cause a flood. Those of guests that a pod or a user
 * has named are limited for each pod or user, since it can start any number of them, one after the other.
 */
export class DomainLines<Entry extends { domains?: readonly string[] }> {
  /** by the name of a domain, or by owner */
  readonly #lines = new Map<string, RateLimiter<Entry>>();
  /** of such a guest, by its name */
  readonly #owners = new Map<string, string>();

  /** @param entryOf makes an entry about a domain */
  constructor(
    private readonly journal: (entry: Entry) => void,
    private readonly entryOf: (name: string, text: string) => Entry,
  ) {}

  added({ name, found }: Pick<PlainDefinition, 'name' | 'found'>): void {
    if (found && !found.isNamedByHost) this.#owners.set(name, found.owner);
  }

  write(entry: Entry): void {
    const name = entry.domains?.[0] ?? '';
    const key = this.#owners.get(name) ?? name;
    const summary = (omitted: number) => this.entryOf(name, `${key}: ${omittedText(omitted)}`);
    const lines = this.#lines.get(key) ?? new RateLimiter(this.journal, summary);
    this.#lines.set(key, lines);
    lines.write(entry);
  }

  /** It is no longer managed. */
  removed(name: string): void {
    const entry = this.entryOf(name, `${name}: no longer managed`);
    if (this.#owners.has(name)) this.write(entry);
    else {
      this.#lines.get(name)?.close();
      this.#lines.delete(name);
      this.journal(entry);
    }
    this.#owners.delete(name);
    for (const [key, lines] of this.#lines) if (lines.isIdle) this.#lines.delete(key);
  }

  close(): void {
    for (const lines of this.#lines.values()) lines.close();
  }
}
