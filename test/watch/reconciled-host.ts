import { DEFAULT_SETTINGS, type Settings } from '../../src/affinity/settings.js';
import { type Cpuset, formatCpuset } from '../../src/domain/cpuset.js';
import type { PlainDefinition } from '../../src/domain/plain-definition.js';
import type { PseudoFs } from '../../src/host/pseudo-fs.js';
import type { DomainState, DomainStates } from '../../src/runtime/domain-state.js';
import { type ReconcileResult, Reconciler, type ReconcilerHost } from '../../src/watch/reconciler.js';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

/** Domain states in memory. */
export class MemoryStates implements DomainStates {
  readonly #states = new Map<string, string>();

  read(uuid: string): DomainState | undefined {
    const text = this.#states.get(uuid);
    return text === undefined ? undefined : JSON.parse(text);
  }
  has(uuid: string): boolean {
    return this.#states.has(uuid);
  }
  write(uuid: string, state: DomainState): void {
    this.#states.set(uuid, JSON.stringify(state));
  }
  remove(uuid: string): void {
    this.#states.delete(uuid);
  }
  list(): string[] {
    return [...this.#states.keys()];
  }
}

/** A reconciler on a simulated kernel, with a clock that the test drives. */
export class ReconciledHost {
  now = 1_000_000;
  readonly state: MemoryStates;
  reconciler: Reconciler;

  constructor(
    readonly kernel: SimulatedKernel,
    {
      files = new SimulatedFs(kernel),
      settings = DEFAULT_SETTINGS,
      traced = false,
      state = new MemoryStates(),
      cpuMs,
      exclusively,
    }: {
      files?: PseudoFs;
      settings?: Settings;
      traced?: boolean;
      state?: MemoryStates;
      cpuMs?: () => number;
      exclusively?: ReconcilerHost['exclusively'];
    } = {},
  ) {
    this.state = state;
    const clock = { now: () => this.now };
    const host = { files, state: this.state, clock, ...(exclusively && { exclusively }) };
    this.reconciler = new Reconciler(cpuMs ? { ...host, cpuMs } : host, settings);
    this.reconciler.setTraced(traced);
  }

  add(definition: PlainDefinition): ReconcileResult {
    this.reconciler.add(definition);
    return this.reconciler.run();
  }

  /** Advances the clock. Returns each run that changed, reported or wrote something. */
  pass(milliseconds: number): ReconcileResult[] {
    const end = this.now + milliseconds;
    const runs: ReconcileResult[] = [];
    while (this.reconciler.due <= end) {
      this.now = Math.max(this.now, this.reconciler.due);
      const run = this.reconciler.run();
      if (run.changed.length + run.problems.length + run.writes > 0) runs.push(run);
    }
    this.now = end;
    return runs;
  }

  /** The writes since the last call: `41=2-3`. */
  written(): string[] {
    return this.kernel.writes.splice(0).map(({ irq, set }) => `${irq}=${formatCpuset(set)}`);
  }
}

/** The changes of all runs: `placed 41: 0-7 -> 2-3`. */
export function changesOf(...runs: readonly ReconcileResult[]): string[] {
  return runs.flatMap(({ changed }) =>
    changed.map(({ kind, irq, from, to }) => `${kind} ${irq}: ${listOf(from)} -> ${listOf(to)}`),
  );
}

const listOf = (set: Cpuset | null) => set && formatCpuset(set);
