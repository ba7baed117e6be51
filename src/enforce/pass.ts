import type { Definition } from '../domain/definition.js';
import type { PolicySettings } from '../domain/policy-in-force.js';
import type { DomainState, DomainStates } from '../host/domain-state.js';
import type { Files } from '../host/files.js';
import { readSnapshot } from '../host/snapshot.js';
import { isUuid } from '../host/state-store.js';
import { apply, type Write } from './apply.js';
import { plan } from './plan.js';
import type { DomainReport, InterruptReport, Problem } from './report.js';
import { vectorKey } from './written.js';

/** What a pass works on. */
export interface PassHost {
  files: Files;
  state: DomainStates;
  settings: PolicySettings;
  /** waits, in milliseconds, before a write that met a transient error is tried again */
  pause(milliseconds: number): void;
  /** false leaves the report's counts empty: /proc/interrupts is long on a large host. Default true */
  counts?: boolean;
  /** true: a domain that no QEMU runs is left alone, for its devices may be another's. Not for the hook, which is told */
  onlyRunning?: boolean;
}

/** What would be done for a domain; writes nothing. */
export function planDomain(host: Omit<PassHost, 'pause'>, definition: Definition): DomainReport {
  return planFrom(host, definition, readState(host, definition));
}

export interface PassResult {
  report: DomainReport;
  /** why what was written could not be noted down; the interrupts are placed all the same */
  stateError: Error | undefined;
}

/** One pass over a domain: plan, write, read back, note down what was written. */
export function enforceDomain(host: PassHost, definition: Definition): PassResult {
  const before = readState(host, definition);
  const planned = planFrom(host, definition, before);
  const mayWrite = !host.onlyRunning || planned.vcpuSource === 'threads';
  const { report, writes } = apply(host.files, mayWrite ? planned : withoutWrites(planned), host.pause);
  return { report, stateError: note(host.state, definition, before, nextState(definition, before, report, writes)) };
}

function withoutWrites(planned: DomainReport): DomainReport {
  const reason = 'no QEMU of this domain runs here';
  const problem: Problem = { rule: 'not-running', severity: 'error', message: `${reason}: nothing is written` };
  const devices = planned.devices.map((device) => ({
    ...device,
    interrupts: device.interrupts.map(
      (interrupt): InterruptReport =>
        interrupt.action === 'set' ? { ...interrupt, action: 'skip', reason } : interrupt,
    ),
  }));
  return { ...planned, devices, problems: [...planned.problems, problem] };
}

function readState({ state }: Pick<PassHost, 'state'>, { uuid }: Definition): DomainState | undefined {
  return isUuid(uuid) ? state.read(uuid) : undefined;
}

function planFrom(
  { files, settings, counts = true }: Omit<PassHost, 'pause'>,
  definition: Definition,
  before: DomainState | undefined,
): DomainReport {
  const { name, uuid, devices } = definition;
  const addresses = new Set(devices.flatMap(({ source }) => source?.address ?? []));
  const snapshot = readSnapshot(files, { name, uuid, addresses, counts });
  return plan(definition, snapshot, settings, new Map(Object.entries(before?.written ?? {})));
}

/** Vectors that are gone are forgotten; of a line, the mask of before our first write is kept. */
function nextState(
  { name }: Definition,
  before: DomainState | undefined,
  { devices }: DomainReport,
  writes: readonly Write[],
): DomainState {
  const alive = new Set(
    devices.flatMap(({ address, interrupts }) =>
      interrupts.map(({ irq, handlers }) => vectorKey(address ?? '', irq, handlers[0] ?? '')),
    ),
  );
  const written = new Map(Object.entries(before?.written ?? {}).filter(([key]) => alive.has(key)));
  const lines = new Map((before?.lines ?? []).map((line) => [line.irq, line]));
  for (const { key, irq, vector, before: mask, cpus } of writes) {
    written.set(key, cpus);
    if (vector === null) lines.set(irq, { irq, before: lines.get(irq)?.before ?? mask, cpus });
  }
  return { schemaVersion: 1, name, written: Object.fromEntries(written), lines: [...lines.values()] };
}

/** Writes the state only where it says something new: a pass that changes nothing touches no file. */
function note(
  state: DomainStates,
  { uuid }: Definition,
  before: DomainState | undefined,
  next: DomainState,
): Error | undefined {
  if (!isUuid(uuid) || JSON.stringify(before) === JSON.stringify(next)) return undefined;
  const nothing = !before && Object.keys(next.written).length === 0 && next.lines.length === 0;
  // garbage is replaced
  if (nothing && !state.has(uuid)) return undefined;
  try {
    state.write(uuid, next);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
