import type { Problem } from '../affinity/problems.js';
import type { PassResult } from '../affinity/reconcile-domain.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { FileError } from '../host/pseudo-fs.js';
import { type ProblemReport, problemReport } from '../report/problem-report.js';
import type { DomainProblem, ReconcileResult } from './result.js';

/** QEMU names its threads, and libvirt pins them, a while after QEMU has started: memory is allocated in between. */
const START_MS = 10_000;

/** Whether a problem is usual while a guest starts: it is reported only if it lasts. */
function isOfStart({ rule }: Problem, { vcpuPinning: { vcpus } }: PlainDefinition): boolean {
  if (rule !== 'auto-unpinned') return rule === 'vcpus-unseen' || rule === 'spread-unseen';
  // unless the definition says that they stay unpinned; it is unknown for a guest that was found as a process
  return vcpus.length === 0 || vcpus.some(({ source }) => source !== 'host');
}

/** The key of all devices without an address: a network assigns it when the domain starts. */
const NO_ADDRESS = '';

/** The problems of one domain that were reported and still exist. Each is reported once until it ends. */
export class ReportedProblems {
  /** by device address or NO_ADDRESS; null: problems of the whole domain */
  readonly #reported = new Map<string | null, ReadonlySet<string>>();
  /** since when problems exist that are usual at the start, by the same keys */
  readonly #ofStart = new Map<string | null, Map<Problem['rule'], number>>();
  #isReadable = true;

  /**
   * Adds the new problems of a pass to the result.
   * @param only the devices that were checked; undefined: all
   * @returns when to check again whether problems that are usual at a guest's start have lasted; Infinity: none exists
   */
  addNew(
    { applied, stateError }: PassResult,
    definition: PlainDefinition,
    { now, result, only }: { now: number; result: ReconcileResult; only?: ReadonlySet<string> | undefined },
  ): number {
    // several devices may have the same address, or none
    const ofDevices = new Map<string, Problem[]>();
    for (const { address, problems } of applied.devices) {
      const key = address ?? NO_ADDRESS;
      ofDevices.set(key, [...(ofDevices.get(key) ?? []), ...problems]);
    }
    if (!only) this.#keepOnly(ofDevices);
    let checkAt = Number.POSITIVE_INFINITY;
    const add = (key: string | null, problems: readonly Problem[], more: readonly ProblemReport[] = []) => {
      const since = this.#ofStart.get(key);
      const ofStart = problems.filter((problem) => isOfStart(problem, definition));
      const times = new Map(ofStart.map(({ rule }) => [rule, since?.get(rule) ?? now]));
      this.#ofStart.set(key, times);
      const isEarly = ({ rule }: Problem) => now < (times.get(rule) ?? Number.NEGATIVE_INFINITY) + START_MS;
      for (const { rule } of problems.filter(isEarly))
        checkAt = Math.min(checkAt, (times.get(rule) as number) + START_MS);
      const lasting = problems.filter((problem) => !isEarly(problem));
      result.problems.push(...this.newOf(definition, key, [...lasting.map(problemReport), ...more]));
    };
    for (const [key, problems] of ofDevices) add(key, problems);
    const ofState: ProblemReport[] = stateError
      ? [{ rule: 'state-not-kept', severity: 'warning', message: `state not saved: ${stateError.message}` }]
      : [];
    add(null, applied.problems, ofState);
    return checkAt;
  }

  /** The new problems of a device. @param key as of #reported */
  newOf({ name, uuid }: PlainDefinition, key: string | null, problems: readonly ProblemReport[]): DomainProblem[] {
    const found = new Map(problems.map((problem) => [`${problem.rule} ${problem.message}`, problem]));
    const before = this.#reported.get(key);
    if (found.size > 0) this.#reported.set(key, new Set(found.keys()));
    else this.#reported.delete(key);
    const fresh = [...found].filter(([text]) => !before?.has(text));
    const address = key === NO_ADDRESS ? null : key;
    return fresh.map(([, problem]) => ({ ...problem, domain: name, uuid: uuid ?? null, address }));
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
  #keepOnly(devices: Pick<ReadonlyMap<string, unknown>, 'has'>): void {
    for (const known of [this.#reported, this.#ofStart]) {
      for (const key of known.keys()) if (key !== null && !devices.has(key)) known.delete(key);
    }
  }
}
