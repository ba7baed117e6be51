import { ToolError } from '../lib/errors.js';
import { isCount } from '../lib/is-count.js';
import type { StatusReport } from './report.js';

/** A document of `status --json`; members that earlier versions do not have are optional. */
export type HostDocument = Pick<StatusReport, 'domains' | 'summary'> &
  Partial<Pick<StatusReport, 'watcher' | 'problems'>> & { host: Partial<StatusReport['host']> };

const SCHEMA_VERSION = 1;
const OTHER = 'not the output of hostdev-cpuset status --json';

/**
 * Reads the members that are used.
 * @throws ToolError: one line with the error
 */
export function parseReport(text: string): HostDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ToolError(`not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(value) || !Array.isArray(value.domains) || !isRecord(value.summary)) throw new ToolError(OTHER);
  const { schemaVersion } = value;
  if (schemaVersion !== SCHEMA_VERSION)
    throw new ToolError(
      Number.isSafeInteger(schemaVersion)
        ? `schemaVersion ${schemaVersion}: this version of hostdev-cpuset reads ${SCHEMA_VERSION}`
        : OTHER,
    );
  const document = value as unknown as HostDocument;
  const found = faultOf(document);
  if (found) throw new ToolError(`${OTHER}: ${found} is invalid`);
  return { ...document, host: document.host ?? {} };
}

function faultOf({ domains, host = {}, problems = [], watcher = null }: HostDocument): string | undefined {
  if (!isRecord(host)) return 'host';
  if (!isText(host.name)) return 'host.name';
  if (host.time !== undefined && !isTime(host.time)) return 'host.time';
  if (!areProblems(problems)) return 'problems';
  if (watcher !== null && !isRecord(watcher)) return 'watcher';
  if (watcher && !(isRecord(watcher.counters) && isCount(watcher.counters.contestedNow ?? 0)))
    return 'watcher.counters';
  const index = domains.findIndex((domain) => !isDomain(domain));
  return index < 0 ? undefined : `domains[${index}]`;
}

function isDomain(domain: unknown): boolean {
  if (!isRecord(domain) || typeof domain.name !== 'string' || !Array.isArray(domain.devices)) return false;
  if (!isTextOrNull(domain.vcpuCpus) || !isTextOrNull(domain.uuid) || !areProblems(domain.problems ?? [])) return false;
  domain.problems ??= [];
  return domain.devices.every(
    (device) =>
      isRecord(device) &&
      areProblems(device.problems) &&
      Array.isArray(device.interrupts) &&
      device.interrupts.every(isInterrupt),
  );
}

function isInterrupt(interrupt: unknown): boolean {
  if (!isRecord(interrupt) || !Number.isSafeInteger(interrupt.irq) || !isRecord(interrupt.counts)) return false;
  const counts = Object.values(interrupt.counts);
  const { handlers, action, affinity } = interrupt;
  return (
    Array.isArray(handlers) &&
    handlers.every((handler) => typeof handler === 'string') &&
    ['set', 'keep', 'skip', 'fail'].includes(action as string) &&
    isTextOrNull(affinity) &&
    counts.every((count) => Number.isSafeInteger(count))
  );
}

const areProblems = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (one) => isRecord(one) && [one.rule, one.severity, one.message].every((text) => typeof text === 'string'),
  );
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value) && !Number.isNaN(Date.parse(value));
const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
