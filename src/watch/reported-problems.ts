import type { PassResult } from '../affinity/reconcile-domain.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { FileError } from '../host/pseudo-fs.js';
import { type ProblemReport, problemReport } from '../report/problem-report.js';
import type { DomainProblem, ReconcileResult } from './result.js';

/** The problems of one domain that were reported and still exist. Each is reported once until it ends. */
export class ReportedProblems {
  /** by device address; null: problems of the whole domain */
  readonly #reported = new Map<string | null, ReadonlySet<string>>();
  #isReadable = true;

  /**
   * Adds the new problems of a pass to the result.
   * @param only the devices that were checked; undefined: all
   */
  addNew(
    { applied, stateError }: PassResult,
    definition: PlainDefinition,
    result: ReconcileResult,
    only?: ReadonlySet<string>,
  ): void {
    if (!only) this.#keepOnly(new Set(applied.devices.map(({ address }) => address)));
    for (const { address, problems } of applied.devices) {
      result.problems.push(...this.newOf(definition, address, problems.map(problemReport)));
    }
    const ofState: ProblemReport[] = stateError
      ? [{ rule: 'state-not-kept', severity: 'warning', message: `state not saved: ${stateError.message}` }]
      : [];
    result.problems.push(...this.newOf(definition, null, [...applied.problems.map(problemReport), ...ofState]));
  }

  /** The new problems of a device (null: of the whole domain). */
  newOf({ name, uuid }: PlainDefinition, address: string | null, problems: readonly ProblemReport[]): DomainProblem[] {
    const keys = problems.map(({ rule, message }) => `${rule} ${message}`);
    const before = this.#reported.get(address);
    if (keys.length > 0) this.#reported.set(address, new Set(keys));
    else this.#reported.delete(address);
    const fresh = problems.filter((_, index) => !before?.has(keys[index] as string));
    return fresh.map((problem) => ({ ...problem, domain: name, uuid: uuid ?? null, address }));
  }

  /** A file of the host cannot be read: reported once until all files can be read. */
  addUnreadable({ message }: FileError, { name, uuid }: PlainDefinition, result: ReconcileResult): void {
    result.errors.unreadable++;
    if (!this.#isReadable) return;
    this.#isReadable = false;
    const problem: ProblemReport = { rule: 'unreadable', severity: 'error', message: `${message} cannot be read` };
    result.problems.push({ ...problem, domain: name, uuid: uuid ?? null, address: null });
  }

  /** Whether all files of the host could be read at the last check. */
  get isReadable(): boolean {
    return this.#isReadable;
  }

  markReadable(): void {
    this.#isReadable = true;
  }

  /** Forgets devices that are gone; problems of the whole domain stay. */
  #keepOnly(addresses: ReadonlySet<string | null>): void {
    for (const address of this.#reported.keys()) {
      if (address !== null && !addresses.has(address)) this.#reported.delete(address);
    }
  }
}
