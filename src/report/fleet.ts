import { faultsOf } from './check.js';
import { type GuestSummary, guestSummary } from './overview.js';
import type { HostDocument } from './parse-report.js';

/** A host as its last document describes it. */
export interface FleetHost {
  name: string;
  /** when it was read, ISO 8601; undefined: not in the document */
  time: string | undefined;
  /** with the host's name */
  guests: GuestSummary[];
  /** the sums over its guests; its problems are those of the host, and the errors of the guests */
  summary: GuestSummary;
  /** what is not as it should be */
  faults: string[];
}

export interface FleetOptions {
  now: Date;
  /** an older document counts as outdated */
  maxAgeMs?: number | undefined;
}

/**
 * If several documents have the same host name, the newest one is used, by the time in it.
 * @param documents with the file name of each, which is used if a document has no host name
 */
export function fleetOf(
  documents: readonly { source: string; document: HostDocument }[],
  options: FleetOptions,
): FleetHost[] {
  const last = new Map<string, HostDocument>();
  for (const { source, document } of documents) {
    const name = document.host.name ?? source;
    const before = last.get(name);
    if (!before || timeOf(document) >= timeOf(before)) last.set(name, document);
  }
  return [...last].map(([name, document]) => hostOf(name, document, options));
}

function hostOf(name: string, document: HostDocument, { now, maxAgeMs }: FleetOptions): FleetHost {
  const { time } = document.host;
  const guests = document.domains
    .filter(({ devices, problems }) => devices.length + problems.length > 0)
    .map((domain) => guestSummary(domain, undefined, name));
  const age = now.getTime() - timeOf(document);
  const isOld = maxAgeMs !== undefined && !(age <= maxAgeMs);
  const old = isOld ? [`read ${time === undefined ? 'at an unknown time' : `at ${time}`}, too long ago`] : [];
  const own = document.problems ?? (document.watcher ? [] : [{ rule: 'watcher-unseen', severity: 'note' }]);
  const rulesOf = (severity: string) => own.filter((one) => one.severity === severity).map(({ rule }) => rule);
  const summary = sumOf(guests, name);
  summary.errors = [...new Set([...(isOld ? ['too-old'] : []), ...rulesOf('error'), ...summary.errors])];
  const unseen = rulesOf('note').filter((rule) => rule === 'watcher-unseen');
  summary.warnings = [...new Set([...rulesOf('warning'), ...unseen, ...summary.warnings])];
  return { name, time, guests, summary, faults: [...old, ...faultsOf(document)] };
}

/** The sums over guests, in the form of one guest. */
export function sumOf(guests: readonly GuestSummary[], name: string): GuestSummary {
  const sum = (key: 'interrupts' | 'inPlace' | 'misplaced' | 'unreadable' | 'remote' | 'contested') =>
    guests.reduce((total, guest) => total + guest[key], 0);
  const shares = guests.flatMap(({ share }) => share ?? []);
  return {
    ...{ host: null, name, uuid: null, rate: undefined },
    ...{ interrupts: sum('interrupts'), inPlace: sum('inPlace'), misplaced: sum('misplaced') },
    ...{ unreadable: sum('unreadable'), remote: sum('remote'), contested: sum('contested') },
    posted: guests.reduce(
      (total: number | null, { posted }) => (total === null || posted === null ? null : total + posted),
      0,
    ),
    share: {
      all: shares.reduce((total, { all }) => total + all, 0),
      on: shares.reduce((total, { on }) => total + on, 0),
    },
    errors: [...new Set(guests.flatMap(({ errors }) => errors))],
    warnings: [...new Set(guests.flatMap(({ warnings }) => warnings))],
  };
}

const timeOf = ({ host }: HostDocument) => {
  const time = Date.parse(host.time ?? '');
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
};
