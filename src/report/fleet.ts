import { faultsOf, unseenOf } from './check.js';
import { type GuestSummary, guestSummary } from './overview.js';
import type { HostDocument } from './parse-report.js';

/** A host as its last document describes it. */
export interface FleetHost {
  name: string;
  /** when it was read, ISO 8601; undefined: not in the document */
  time: string | undefined;
  /** the files that have documents of it */
  sources: string[];
  /** with the host's name */
  guests: GuestSummary[];
  /** the sums over its guests; its problems are those of the host, and the errors of the guests */
  summary: GuestSummary;
  /** what is not as it should be */
  faults: string[];
  /** what could not be seen */
  unseen: string[];
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
  const last = new Map<string, { document: HostDocument; sources: string[] }>();
  for (const { source, document } of documents) {
    const name = document.host.name || source;
    const before = last.get(name);
    const sources = [...new Set([...(before?.sources ?? []), source])];
    const isLatest = !before || timeOf(document) >= timeOf(before.document);
    last.set(name, { document: isLatest ? document : before.document, sources });
  }
  return [...last].map(([name, { document, sources }]) => ({ ...hostOf(name, document, options), sources }));
}

function hostOf(name: string, document: HostDocument, options: FleetOptions): Omit<FleetHost, 'sources'> {
  const { time } = document.host;
  const guests = document.domains
    .filter(({ devices, problems }) => devices.length + problems.length > 0)
    .map((domain) => guestSummary(domain, { host: name, isWatcherSeen: Boolean(document.watcher) }));
  const wrongTime = timeFaultOf(document, options);
  const own = document.problems ?? (document.watcher ? [] : [{ rule: 'watcher-unseen', severity: 'note' }]);
  const rulesOf = (severity: string) => own.filter((one) => one.severity === severity).map(({ rule }) => rule);
  const summary = sumOf(guests, name);
  if (!document.watcher) summary.contested = null;
  summary.errors = [...new Set([...(wrongTime ? [wrongTime.rule] : []), ...rulesOf('error'), ...summary.errors])];
  const unseen = rulesOf('note').filter((rule) => rule === 'watcher-unseen');
  summary.warnings = [...new Set([...rulesOf('warning'), ...unseen, ...summary.warnings])];
  const faults = [...(wrongTime?.text ?? []), ...faultsOf(document)];
  return { name, time, guests, summary, faults, unseen: unseenOf(document) };
}

/** A time in the future is one, too: a document of that host would never be too old. */
function timeFaultOf(document: HostDocument, { now, maxAgeMs }: FleetOptions) {
  if (maxAgeMs === undefined) return undefined;
  const { time } = document.host;
  const ageMs = now.getTime() - timeOf(document);
  if (time !== undefined && ageMs < -Math.max(maxAgeMs, MAX_AHEAD_MS))
    return { rule: 'in-future', text: [`read at ${time}, which is in the future: its clock or this one is wrong`] };
  if (ageMs <= maxAgeMs) return undefined;
  return { rule: 'too-old', text: [`read ${time === undefined ? 'at an unknown time' : `at ${time}, too long ago`}`] };
}

/** Clocks differ by that much. */
const MAX_AHEAD_MS = 60_000;

/** The sums over guests, in the form of one guest. */
export function sumOf(guests: readonly GuestSummary[], name: string): GuestSummary {
  const sum = (key: 'interrupts' | 'inPlace' | 'misplaced' | 'unreadable' | 'remote') =>
    guests.reduce((total, guest) => total + guest[key], 0);
  const isContestedKnown = guests.every((guest) => guest.contested !== null);
  const contested = isContestedKnown ? guests.reduce((total, guest) => total + (guest.contested ?? 0), 0) : null;
  const shares = guests.flatMap(({ share }) => share ?? []);
  return {
    ...{ host: null, name, uuid: null, rate: undefined },
    ...{ interrupts: sum('interrupts'), inPlace: sum('inPlace'), misplaced: sum('misplaced') },
    ...{ unreadable: sum('unreadable'), remote: sum('remote'), contested, posted: postedOf(guests) },
    share: {
      all: shares.reduce((total, { all }) => total + all, 0),
      on: shares.reduce((total, { on }) => total + on, 0),
    },
    errors: [...new Set(guests.flatMap(({ errors }) => errors))],
    warnings: [...new Set(guests.flatMap(({ warnings }) => warnings))],
  };
}

/** As of one guest: with none known and some unknown, the number is unknown. */
function postedOf(guests: readonly GuestSummary[]): number | null {
  const known = guests.reduce((total, { posted }) => total + (posted ?? 0), 0);
  return known === 0 && guests.some(({ posted }) => posted === null) ? null : known;
}

const timeOf = ({ host }: HostDocument) => {
  const time = Date.parse(host.time ?? '');
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
};
