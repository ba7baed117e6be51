import { readSettings } from '../affinity/read-settings.js';
import { enforceDomain, type PassHost, planDomain } from '../affinity/reconcile-domain.js';
import { releaseDomain } from '../affinity/release.js';
import { DEFAULT_SETTINGS } from '../affinity/settings.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { JournalLine } from '../lib/journald.js';
import { InvalidDomainXml, mayHavePolicy, readDomainXml } from '../libvirt/domain-xml.js';
import { releaseTexts } from '../report/release-text.js';
import { withDomainLock } from '../runtime/domain-lock.js';
import { detailLines, errorTexts, logLine, passLine } from './log-line.js';
import type { Input } from './read-stdin.js';

/** The action of a hook call: check whether the domain may start, place interrupts, or restore affinities. */
export type HookAction = 'pass' | 'check' | 'release';

/** Source: libvirt's docs/hooks.rst. */
const ACTIONS: Readonly<Record<string, HookAction>> = {
  'prepare begin': 'check',
  'started begin': 'pass',
  // after a restart of the daemon, for each running domain
  'reconnect begin': 'pass',
  // not in `stopped`: only after it do the host's drivers get the devices back, and with them the legacy lines to
  // restore
  'release end': 'release',
};

/** Undefined if there is nothing to do: start, restore, migrate, attach, and operations of later versions. */
export function actionOf(operation: string, suboperation: string): HookAction | undefined {
  return ACTIONS[`${operation} ${suboperation}`];
}

/** The host that a call works on. */
export interface HookHost extends Omit<PassHost, 'settings'> {
  /** a directory that contains the host's /run, for locks; '' for this host */
  root: string;
  /** adds a line for each interrupt */
  debug: boolean;
  /** as in PassHost; also waits for the domain's lock */
  pause(milliseconds: number): void;
}

export interface HookCall {
  action: HookAction;
  /** the domain's name as libvirt passes it, for the log; undefined: take it from the definition */
  name: string | undefined;
  /** for the log */
  operation: string;
  input: Input;
}

export interface HookResult {
  lines: JournalLine[];
  /** why the domain must not start: only with the action check, and only if the configuration has "onError": "abort" */
  refusal?: string;
}

/** Carries out a call. Never throws: an error becomes a line of the log, and the domain keeps running. */
export function runHook(call: HookCall, host: HookHost): HookResult {
  try {
    return RUNNERS[call.action](call, host);
  } catch (error) {
    return { lines: [logLine('error', call.name ?? 'a domain', call.operation, reasonOf(error, host.debug))] };
  }
}

const RUNNERS: Record<HookAction, (call: HookCall, host: HookHost) => HookResult> = { check, pass, release };

/** Checks whether the policies can be enforced, as far as that is known before the domain starts. */
function check({ name, operation, input }: HookCall, host: HookHost): HookResult {
  const settings = readSettings(host.files) ?? DEFAULT_SETTINGS;
  if (settings.onError !== 'abort') return { lines: [] };
  const problems = problemsBeforeStart(input, { ...host, settings });
  if (problems.length === 0) return { lines: [] };
  const { text } = logLine('error', name ?? 'a domain', operation, problems.join('; '));
  return { lines: [{ priority: 'error', text }], refusal: text };
}

function problemsBeforeStart(input: Input, host: PassHost): string[] {
  try {
    return errorTexts(planDomain(host, definitionOf(input)));
  } catch (error) {
    if (!(error instanceof InvalidDomainXml)) throw error;
    return [error.message];
  }
}

function pass({ operation, input, ...call }: HookCall, host: HookHost): HookResult {
  const settings = readSettings(host.files) ?? DEFAULT_SETTINGS;
  const definition = definitionOf(input);
  const name = call.name ?? definition.name;
  if (!mayHavePolicy(definition)) return { lines: [] };
  const { applied, stateError } = withLock(host, definition, () =>
    enforceDomain({ ...host, settings, counts: false }, definition),
  );
  const lines = [passLine(name, operation, applied)];
  if (host.debug) lines.push(...detailLines(name, operation, applied));
  if (stateError) lines.push(logLine('warning', name, operation, `state not saved: ${stateError.message}`));
  return { lines };
}

function release({ operation, input, ...call }: HookCall, host: HookHost): HookResult {
  const definition = definitionOf(input);
  const name = call.name ?? definition.name;
  const uuid = canonicalUuid(definition.uuid ?? '');
  if (uuid === undefined || !host.state.list().includes(uuid)) return { lines: [] };
  const released = withLock(host, definition, () => releaseDomain(host.files, host.state, uuid));
  const kept = releaseTexts(released);
  if (kept.length > 0) return { lines: kept.map((text) => logLine('warning', name, operation, text)) };
  const lines = released.restored === 1 ? '1 INTx line' : `${released.restored} INTx lines`;
  const text = released.restored === 0 ? 'nothing to restore' : `restored the affinity of ${lines}`;
  return { lines: [logLine('info', name, operation, text)] };
}

function withLock<T>(host: HookHost, definition: PlainDefinition, action: () => T): T {
  return withDomainLock(host, definition.uuid, action);
}

/** @throws InvalidDomainXml */
function definitionOf(input: Input): PlainDefinition {
  if ('problem' in input) throw new InvalidDomainXml(input.problem);
  return readDomainXml(input.bytes);
}

/** If debug is on, the stack too, on one line. */
function reasonOf(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return debug && error.stack ? error.stack.replace(/\n\s*/g, ' ') : error.message;
}
