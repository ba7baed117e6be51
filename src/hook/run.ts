import { readSettings } from '../affinity/read-settings.js';
import { enforceDomain, type PassHost, planDomain } from '../affinity/reconcile-domain.js';
import { releaseDomain } from '../affinity/release.js';
import { DEFAULT_SETTINGS } from '../affinity/settings.js';
import type { Definition } from '../domain/definition.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { JournalLine } from '../lib/journald.js';
import { InvalidDomainXml, mayHavePolicy, readDomainXml } from '../libvirt/domain-xml.js';
import { releaseTexts } from '../report/release-text.js';
import { withDomainLock } from '../runtime/domain-lock.js';
import { detailLines, errorTexts, logLine, passLine } from './log-line.js';
import type { HookAction } from './operation.js';
import type { Input } from './read-stdin.js';

/** What a call works on. */
export interface HookHost extends Omit<PassHost, 'settings'> {
  /** before /run, where locks are kept; '' for this host */
  root: string;
  /** adds a line for each interrupt */
  debug: boolean;
}

export interface HookCall {
  work: HookAction;
  /** as libvirt gives it, for the log alone; undefined: the definition's */
  name: string | undefined;
  /** for the log alone */
  operation: string;
  input: Input;
}

export interface HookResult {
  lines: JournalLine[];
  /** why the domain must not start: only of a check, and only if the configuration has "onError": "abort" */
  refusal?: string;
}

/** Does what a call asks for. Never throws: an error is a line of the log, and the domain runs on. */
export function runHook(call: HookCall, host: HookHost): HookResult {
  try {
    return WORKERS[call.work](call, host);
  } catch (error) {
    return { lines: [logLine('error', call.name ?? 'a domain', call.operation, reasonOf(error, host.debug))] };
  }
}

const WORKERS: Record<HookAction, (call: HookCall, host: HookHost) => HookResult> = { check, pass, release };

/** Whether the policies can be enforced, as far as that is known before the domain starts. */
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
  const { applied, stateError } = locked(host, definition, () =>
    enforceDomain({ ...host, settings, counts: false }, definition),
  );
  const lines = [passLine(name, operation, applied)];
  if (host.debug) lines.push(...detailLines(name, operation, applied));
  if (stateError) lines.push(logLine('warning', name, operation, `state not kept: ${stateError.message}`));
  return { lines };
}

function release({ operation, input, ...call }: HookCall, host: HookHost): HookResult {
  const definition = definitionOf(input);
  const name = call.name ?? definition.name;
  const uuid = canonicalUuid(definition.uuid ?? '');
  if (uuid === undefined || !host.state.list().includes(uuid)) return { lines: [] };
  const kept = releaseTexts(locked(host, definition, () => releaseDomain(host.files, host.state, uuid)));
  if (kept.length === 0) return { lines: [logLine('info', name, operation, 'nothing is left behind')] };
  return { lines: kept.map((text) => logLine('warning', name, operation, text)) };
}

function locked<T>(host: HookHost, definition: Definition, action: () => T): T {
  const uuid = canonicalUuid(definition.uuid ?? '');
  return uuid === undefined ? action() : withDomainLock(host, uuid, action);
}

/** @throws UnusableXml */
function definitionOf(input: Input): Definition {
  if ('problem' in input) throw new InvalidDomainXml(input.problem);
  return readDomainXml(input.bytes);
}

function reasonOf(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return debug && error.stack ? error.stack.replace(/\n\s*/g, ' ') : error.message;
}
