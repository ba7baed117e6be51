import type { PciAddress } from '../domain/address.js';
import type { PolicySettings } from '../domain/effective-policy.js';
import { withGuestPolicies } from '../domain/guest-policies.js';
import { type PlainDefinition, spreadCpus } from '../domain/plain-definition.js';
import type { PostingOf } from '../host/posted-vectors.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { findQemu, hiddenQemu, isQemuOf } from '../host/qemu-threads.js';
import { readSnapshot, type SnapshotRequest } from '../host/snapshot.js';
import type { DomainState, DomainStates } from '../runtime/domain-state.js';
import { isUuid } from '../runtime/state-store.js';
import { applyPlan } from './apply-plan.js';
import { withoutRenewed } from './continuity.js';
import type { DomainPlan } from './domain-plan.js';
import { earlierWrites, savedClaimants } from './earlier-writes.js';
import { readLineInputs } from './moved-lines.js';
import { nextState, withLinesOf } from './next-state.js';
import { type PassScope, withFastPathWrites, withoutForbidden } from './pass-scope.js';
import { plan } from './plan.js';
import type { NotSeen } from './reason.js';

/** The host and the options of a pass. */
export interface PassHost {
  files: PseudoFs;
  state: DomainStates;
  settings: PolicySettings;
  /** waits, in ms, before writes with a transient error are tried again; undefined: a later pass tries them */
  pause?: (milliseconds: number) => void;
  /** false: do not read the counts, since /proc/interrupts is long on a large host. Default true */
  counts?: boolean;
  /**
   * true: write nothing for a domain without a QEMU process, as another domain may have its devices. Not for the hook:
   * libvirt tells it that the domain runs
   */
  onlyRunning?: boolean;
  /** which vectors are posted; unknown by default */
  postingOf?: PostingOf;
  /** what was read a moment ago and is not read again: SnapshotRequest */
  recent?: Pick<SnapshotRequest, 'topology' | 'threads' | 'ownership'>;
}

/** The plan for a domain; writes nothing. */
export function planDomain(host: Omit<PassHost, 'pause'>, definition: PlainDefinition): DomainPlan {
  return planFrom(host, definition, readState(host, definition), {}).planned;
}

export interface PassResult {
  /** the plan before the writes; `applied` has the same devices and interrupts in the same order */
  planned: DomainPlan;
  applied: DomainPlan;
  /** number of masks that were written */
  writes: number;
  /** why the state could not be saved; the interrupts were placed all the same */
  stateError: Error | undefined;
}

/** One pass over a domain: plan, write, read back, save the state. */
export function enforceDomain(host: PassHost, definition: PlainDefinition, scope: PassScope = {}): PassResult {
  const saved = readState(host, definition);
  const before = saved && scope.continuityOf ? withoutRenewed(saved, scope.continuityOf) : saved;
  const { isRunning, ...found } = planFrom(host, definition, before, scope);
  const planned = withFastPathWrites(found.planned, scope);
  const mayWrite = !host.onlyRunning || isRunning;
  const notSeen = mayWrite ? undefined : whyNotSeen(host, definition);
  const allowed = withoutForbidden(planned, notSeen, scope);
  // the masks of lines are saved before a write, as this process may be killed at any time
  const inputs = readLineInputs(host.files, allowed);
  const foreseen = withLinesOf(definition, before, allowed, inputs);
  const unforeseen = foreseen === before ? undefined : saveState(host.state, definition, saved, foreseen);
  const { files, pause } = host;
  const checkRunning = () => (isQemuRunning(host, definition) ? undefined : whyNotSeen(host, definition));
  const { applied, writes } = applyPlan(allowed, { files, pause, ...(host.onlyRunning ? { checkRunning } : {}) });
  const next = nextState(definition, before, applied, writes, inputs, scope.only);
  const onDisk = foreseen === before || unforeseen ? saved : foreseen;
  const stateError = saveState(host.state, definition, onDisk, next);
  return { planned, applied, writes: writes.filter(({ isEarlier }) => !isEarlier).length, stateError };
}

/** Whether the QEMU process that was found still runs this domain. */
function isQemuRunning({ files, recent }: PassHost, { name, uuid }: PlainDefinition): boolean {
  const pid = recent?.threads ? recent.threads.pid : findQemu(files, name, uuid);
  return pid !== undefined && isQemuOf(files, pid, name, uuid);
}

/** Called if no QEMU process was found. The domain counts as not running only if no process is hidden. */
function whyNotSeen({ files }: PassHost, { name, uuid }: PlainDefinition): NotSeen {
  const pid = hiddenQemu(files, name, uuid);
  return pid === undefined ? { code: 'not-running' } : { code: 'qemu-hidden', pid };
}

function readState({ state }: Pick<PassHost, 'state'>, { uuid }: PlainDefinition): DomainState | undefined {
  return isUuid(uuid) ? state.read(uuid) : undefined;
}

function planFrom(
  { files, state, settings, counts = true, recent, postingOf }: Omit<PassHost, 'pause'>,
  stated: PlainDefinition,
  before: DomainState | undefined,
  { only, continuityOf }: PassScope,
): { planned: DomainPlan; isRunning: boolean } {
  const definition = withGuestPolicies(stated, settings);
  const { name, uuid } = definition;
  const named = new Set(definition.devices.flatMap(({ address }) => address ?? []));
  const addresses = only ? [...named].filter((address) => only.has(address)) : named;
  const known = recent?.ownership ?? {
    savedClaimants: (address: PciAddress) => savedClaimants(state, address),
  };
  const ownership = { ...known, mustBeOpen: stated.found !== undefined };
  const coresOf = spreadCpus(definition);
  const snapshot = readSnapshot(files, { name, uuid, addresses, counts, coresOf, ...recent, ownership });
  const all = plan(definition, snapshot, settings, earlierWrites(before, continuityOf), postingOf);
  const devices = only ? all.devices.filter(({ address }) => only.has(address ?? '')) : all.devices;
  return { planned: { ...all, devices }, isRunning: snapshot.threads !== undefined };
}

/** Writes the state only if it has changed: a pass without changes touches no file. */
function saveState(
  state: DomainStates,
  { uuid }: PlainDefinition,
  before: DomainState | undefined,
  next: DomainState | undefined,
): Error | undefined {
  if (!next || !isUuid(uuid) || JSON.stringify(before) === JSON.stringify(next)) return undefined;
  const isEmpty = !before && Object.keys(next.written).length === 0 && next.lines.length === 0;
  // an existing file that cannot be read is replaced
  if (isEmpty && !state.has(uuid)) return undefined;
  try {
    state.write(uuid, next);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
