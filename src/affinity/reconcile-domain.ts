import type { Definition } from '../domain/definition.js';
import type { PolicySettings } from '../domain/effective-policy.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { findQemu, isQemuOf } from '../host/qemu-threads.js';
import { readSnapshot, type SnapshotRequest } from '../host/snapshot.js';
import type { DomainState, DomainStates } from '../runtime/domain-state.js';
import { isUuid } from '../runtime/state-store.js';
import { applyPlan, NOT_RUNNING } from './apply-plan.js';
import { readLineInputs } from './moved-lines.js';
import { nextState, withLinesOf } from './next-state.js';
import { plan } from './plan.js';
import type { DomainReport, InterruptReport } from './report.js';

/** What a pass works on. */
export interface PassHost {
  files: PseudoFs;
  state: DomainStates;
  settings: PolicySettings;
  /** waits, in milliseconds, before a write that met a transient error is tried again */
  pause(milliseconds: number): void;
  /** false leaves the report's counts empty: /proc/interrupts is long on a large host. Default true */
  counts?: boolean;
  /** true: a domain that no QEMU runs is left alone, for its devices may be another's. Not for the hook, which is told */
  onlyRunning?: boolean;
  /** what was read a moment ago, and is not read again: SnapshotRequest */
  recent?: Pick<SnapshotRequest, 'topology' | 'threads'>;
}

/** What of a domain a pass is about; all of it where nothing is said. */
export interface PassScope {
  /** addresses of the devices that are looked at; the report has no others */
  only?: ReadonlySet<string>;
  /** why an interrupt is left alone that would be written; undefined where it may be */
  objection?(address: string, interrupt: InterruptReport): string | undefined;
  /** the CPU lists of a vector that was written ahead of this pass, which reads it back and notes it down */
  ahead?(address: string, interrupt: InterruptReport): { from: string; to: string } | undefined;
}

/** What would be done for a domain; writes nothing. */
export function planDomain(host: Omit<PassHost, 'pause'>, definition: Definition): DomainReport {
  return planFrom(host, definition, readState(host, definition));
}

export interface PassResult {
  /** what was to be done, and what came of it: the same devices and interrupts in the same order */
  planned: DomainReport;
  report: DomainReport;
  /** how many masks were written */
  writes: number;
  /** why what was written could not be noted down; the interrupts are placed all the same */
  stateError: Error | undefined;
}

/** One pass over a domain: plan, write, read back, note down what was written. */
export function enforceDomain(host: PassHost, definition: Definition, scope: PassScope = {}): PassResult {
  const before = readState(host, definition);
  const ahead = new Set<InterruptReport>();
  const planned = recall(planFrom(host, definition, before, scope.only), scope.ahead, ahead);
  const mayWrite = !host.onlyRunning || planned.vcpuSource === 'threads';
  const restrained = restrain(planned, mayWrite, scope.objection);
  // what a line had is known for good before it is moved, whenever we may be killed
  const runs = host.onlyRunning ? () => isRunning(host, definition) : undefined;
  const inputs = readLineInputs(host.files, restrained);
  const foreseen = withLinesOf(definition, before, restrained, inputs);
  const unforeseen = note(host.state, definition, before, foreseen);
  const { report, writes } = applyPlan(host.files, restrained, host.pause, { ahead, runs });
  const next = nextState(definition, before, report, writes, inputs, scope.only);
  const stateError = note(host.state, definition, unforeseen ? before : foreseen, next);
  const written = writes.filter(({ earlier }) => !earlier).length;
  return { planned, report, writes: written, stateError };
}

/** What was written ahead of the pass is still to be told of, with the mask that it had. */
function recall(planned: DomainReport, ahead: PassScope['ahead'], found: Set<InterruptReport>): DomainReport {
  if (!ahead) return planned;
  const devices = planned.devices.map((device) => {
    const interrupts = device.interrupts.map((interrupt): InterruptReport => {
      if (interrupt.affinity === null || interrupt.affinity !== interrupt.wanted) return interrupt;
      const written = ahead(device.address ?? '', interrupt);
      if (written?.to !== interrupt.wanted) return interrupt;
      const recalled = { ...interrupt, affinity: written.from, action: 'set' as const, reason: null };
      found.add(recalled);
      return recalled;
    });
    return { ...device, interrupts };
  });
  return { ...planned, devices };
}

/** What is not to be written now is skipped, with the reason. */
function restrain(planned: DomainReport, mayWrite: boolean, objection: PassScope['objection']): DomainReport {
  if (mayWrite && !objection) return planned;
  const reasonOf = (address: string, one: InterruptReport) => (mayWrite ? objection?.(address, one) : NOT_RUNNING);
  const devices = planned.devices.map((device) => ({
    ...device,
    interrupts: device.interrupts.map((interrupt): InterruptReport => {
      const reason = interrupt.action === 'set' ? reasonOf(device.address ?? '', interrupt) : undefined;
      return reason === undefined ? interrupt : { ...interrupt, action: 'skip', reason };
    }),
  }));
  if (mayWrite) return { ...planned, devices };
  const message = `${NOT_RUNNING}: nothing is written`;
  return { ...planned, devices, problems: [...planned.problems, { rule: 'not-running', severity: 'error', message }] };
}

/** Whether the QEMU that was found still is. */
function isRunning({ files, recent }: PassHost, { name, uuid }: Definition): boolean {
  const pid = recent?.threads ? recent.threads.pid : findQemu(files, name, uuid);
  return pid !== undefined && isQemuOf(files, pid, name, uuid);
}

function readState({ state }: Pick<PassHost, 'state'>, { uuid }: Definition): DomainState | undefined {
  return isUuid(uuid) ? state.read(uuid) : undefined;
}

function planFrom(
  { files, settings, counts = true, recent }: Omit<PassHost, 'pause'>,
  definition: Definition,
  before: DomainState | undefined,
  only?: ReadonlySet<string>,
): DomainReport {
  const { name, uuid, devices } = definition;
  const addresses = new Set(devices.flatMap(({ source }) => source?.address ?? []));
  const wanted = only ? [...addresses].filter((address) => only.has(address)) : addresses;
  const snapshot = readSnapshot(files, { name, uuid, addresses: wanted, counts, ...recent });
  const [written, pending] = [before?.written, before?.pending].map((known) => new Map(Object.entries(known ?? {})));
  const report = plan(definition, snapshot, settings, written, pending);
  return only ? { ...report, devices: report.devices.filter(({ address }) => only.has(address ?? '')) } : report;
}

/** Writes the state only where it says something new: a pass that changes nothing touches no file. */
function note(
  state: DomainStates,
  { uuid }: Definition,
  before: DomainState | undefined,
  next: DomainState | undefined,
): Error | undefined {
  if (!next || !isUuid(uuid) || JSON.stringify(before) === JSON.stringify(next)) return undefined;
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
