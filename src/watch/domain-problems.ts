import type { PassResult } from '../affinity/reconcile-domain.js';
import type { Problem } from '../affinity/report.js';
import type { Definition } from '../domain/definition.js';
import type { FileError } from '../host/pseudo-fs.js';
import type { ReconcileResult } from './events.js';
import { ReportedProblems } from './reported-problems.js';

/** What stands in a domain's way: of its devices, of itself, of its state's file, and that it cannot be read. Each is said once. */
export class DomainProblems {
  readonly #standing = new ReportedProblems();
  #isReadable = true;

  /** Those of a pass that were not there before. @param only the devices that were looked at; all if absent */
  ofPass(
    { report, stateError }: PassResult,
    definition: Definition,
    run: ReconcileResult,
    only?: ReadonlySet<string>,
  ): void {
    if (!only) this.#standing.forgetAllBut(new Set(report.devices.map(({ address }) => address)));
    for (const { address, problems } of report.devices) {
      run.problems.push(...this.#standing.news(definition, address, problems));
    }
    const ofState: Problem[] = stateError
      ? [{ rule: 'state-not-kept', severity: 'warning', message: `state not kept: ${stateError.message}` }]
      : [];
    run.problems.push(...this.#standing.news(definition, null, [...report.problems, ...ofState]));
  }

  /** Whichever file of it that is: said once, until it can be read. */
  unreadable({ message }: FileError, { name, uuid }: Definition, run: ReconcileResult): void {
    run.errors.unreadable++;
    if (!this.#isReadable) return;
    this.#isReadable = false;
    const problem: Problem = { rule: 'unreadable', severity: 'error', message: `${message} cannot be read` };
    run.problems.push({ ...problem, domain: name, uuid: uuid ?? null, address: null });
  }

  readable(): void {
    this.#isReadable = true;
  }
}
