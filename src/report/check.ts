import { printable } from '../lib/printable.js';
import { type GuestSummary, guestSummary } from './overview.js';
import type { ProblemReport } from './problem-report.js';
import type { StatusReport } from './report.js';

/** Maximum number of guests named per fault. */
const MAX_NAMES = 5;

/**
 * The faults, one short text each: interrupts that are misplaced, unreadable or contested, domains with errors, no
 * watcher, irqbalance without the policy script. Empty: none. Reports of earlier versions have no problems of the host.
 * @param areSome these are not all domains of the host: what the watcher says of the others is left out
 */
export function faultsOf(
  { domains, watcher, problems }: Pick<StatusReport, 'domains'> & Partial<Pick<StatusReport, 'watcher' | 'problems'>>,
  areSome = false,
): string[] {
  const guests = domains.map((domain) => guestSummary(domain, { isWatcherSeen: Boolean(watcher) }));
  const counted = (one: string, key: 'misplaced' | 'unreadable' | 'contested', least = 0) => {
    const found = guests.filter((guest) => (guest[key] ?? 0) > 0);
    const sum = Math.max(
      least,
      found.reduce((total, guest) => total + (guest[key] ?? 0), 0),
    );
    if (sum === 0) return [];
    const names = namesOf(found, (guest) => (found.length > 1 ? `${guest.name} ${guest[key]}` : guest.name));
    return [`${sum} interrupt${sum === 1 ? '' : 's'} ${one}${names}`];
  };
  const rules = [...new Set(guests.flatMap(({ errors }) => errors))];
  const ofDomains = rules.map(
    (rule) =>
      `${rule}${namesOf(
        guests.filter(({ errors }) => errors.includes(rule)),
        ({ name }) => name,
      )}`,
  );
  return [
    ...counted('misplaced', 'misplaced'),
    ...counted('contested', 'contested', areSome ? 0 : (watcher?.counters.contestedNow ?? 0)),
    ...counted('unreadable', 'unreadable'),
    ...ofDomains,
    ...(problems ?? (watcher ? [] : [UNSEEN])).filter(isFault).map(({ message }) => message),
  ].map(printable);
}

/** What could not be seen, and is no fault by itself. */
export const unseenOf = ({ problems = [] }: Partial<Pick<StatusReport, 'problems'>>): string[] =>
  problems.filter((one) => !isFault(one)).map(({ message }) => printable(message));

const UNSEEN: ProblemReport = {
  rule: 'watcher-unseen',
  severity: 'note',
  message: 'whether a watcher runs is unknown',
};

/** An unknown watcher state counts as a fault: the watcher may not run. */
const isFault = ({ rule, severity }: ProblemReport) => severity !== 'note' || rule === 'watcher-unseen';

function namesOf(guests: readonly GuestSummary[], nameOf: (guest: GuestSummary) => string): string {
  if (guests.length === 0) return '';
  const names = guests.slice(0, MAX_NAMES).map(nameOf);
  const more = guests.length > MAX_NAMES ? `, and ${guests.length - MAX_NAMES} more` : '';
  return ` (${names.join(', ')}${more})`;
}
