import type { Problem } from '../affinity/report.js';
import type { Definition } from '../domain/definition.js';
import type { DomainProblem } from './events.js';

/** Problems that were told and still stand: each is told once. */
export class ReportedProblems {
  readonly #told = new Map<string | null, ReadonlySet<string>>();

  /** Those of a device (null: of the domain) that did not stand until now. */
  news({ name, uuid }: Definition, address: string | null, problems: readonly Problem[]): DomainProblem[] {
    const keys = problems.map(({ rule, message }) => `${rule} ${message}`);
    const before = this.#told.get(address);
    if (keys.length > 0) this.#told.set(address, new Set(keys));
    else this.#told.delete(address);
    const fresh = problems.filter((_, index) => !before?.has(keys[index] as string));
    return fresh.map((problem) => ({ ...problem, domain: name, uuid: uuid ?? null, address }));
  }

  /** Of the domain as a whole they stay. */
  forgetAllBut(addresses: ReadonlySet<string | null>): void {
    for (const address of this.#told.keys()) {
      if (address !== null && !addresses.has(address)) this.#told.delete(address);
    }
  }
}
