import { type Cpuset, cpusetOf, EMPTY, formatCpuset, isSubset, union } from '../../domain/cpuset.js';
import type { PlainDefinition } from '../../domain/plain-definition.js';
import { type JournalField, type JournalLine, standardFields } from '../../lib/journald.js';
import { printable, printableStart } from '../../lib/printable.js';
import { omittedText, RateLimiter } from '../../lib/rate-limiter.js';
import { reasonText } from '../../report/reason-text.js';
import type { DomainProblem, Placement } from '../reconciler.js';

/** One line of the journal, with its search fields. */
export interface JournalEntry extends JournalLine {
  /** names of domains, PCI addresses, IRQ numbers */
  domains?: readonly string[];
  addresses?: readonly string[];
  irqs?: readonly number[];
}

type Kind = Placement['kind'];
const PRIORITIES: Record<Kind, JournalEntry['priority']> = {
  placed: 'info',
  repaired: 'info',
  contested: 'warning',
  failed: 'warning',
};
const MAX_LENGTH = 1000;

/** All fields of an entry. */
export function journalFields({ domains = [], addresses = [], irqs = [], ...line }: JournalEntry): JournalField[] {
  return [
    ...standardFields('hostdev-cpuset', line),
    ...domains.map((name): JournalField => ['HOSTDEV_CPUSET_DOMAIN', name]),
    ...addresses.map((address): JournalField => ['HOSTDEV_CPUSET_ADDRESS', address]),
    ...irqs.map((irq): JournalField => ['HOSTDEV_CPUSET_IRQ', irq]),
  ];
}

/**
 * The placements of a run, one line per domain and kind: `guest: placed on 2-3: 0000:82:00.0 IRQ 40-41; 12 ms after
 * appearing at most`.
 */
export function placementEntries(changed: readonly Placement[]): JournalEntry[] {
  const groups = new Map<string, Placement[]>();
  for (const one of changed) {
    const { uuid, domain, kind, to, target, isSpread, reason, culprit } = one;
    // the vectors of one driver appear together, each with its own target
    const isOneOfMany = isSpread && to && target && isSubset(to, target);
    const where = isOneOfMany ? 'spread' : [to, target];
    const key = JSON.stringify([uuid ?? domain, kind, where, reason, culprit]);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()].map(entryOf);
}

export function problemEntry({ domain, address, severity, message }: DomainProblem): JournalEntry {
  const text = printableStart(`${domain}: ${address === null ? '' : `${address}: `}${message}`, MAX_LENGTH);
  const priority = severity === 'note' ? 'info' : severity;
  return { priority, text, domains: [domain], ...(address === null ? {} : { addresses: [address] }) };
}

function entryOf(group: readonly Placement[]): JournalEntry {
  const [{ domain, kind }] = group as [Placement];
  const addresses = [...new Set(group.map(({ address }) => address))];
  const where = addresses.map((address) => {
    const irqs = group.filter((one) => one.address === address).map(({ irq }) => irq);
    return `${address} IRQ ${formatCpuset(cpusetOf(irqs))}`;
  });
  const text = `${domain}: ${sentence(group)}: ${where.join(', ')}${lagOf(group)}`;
  return {
    priority: PRIORITIES[kind],
    text: printableStart(text, MAX_LENGTH),
    domains: [domain],
    addresses,
    irqs: group.map(({ irq }) => irq),
  };
}

function sentence(group: readonly Placement[]): string {
  const [{ kind, from, target, reason, error, culprit }] = group as [Placement];
  switch (kind) {
    case 'placed':
      return `placed on ${placeOf(group)}${reason ? ` (${reasonText(reason)})` : ''}`;
    case 'repaired':
      return `repaired, back on ${placeOf(group)}${group.length === 1 && from !== null ? ` from ${listOf(from)}` : ''}`;
    case 'contested':
      return `keeps being moved off ${listOf(target)}, repairs paused${culprit ? ` (${culpritText(culprit)})` : ''}`;
    case 'failed': {
      const why = [reason && reasonText(reason), error && `(${error})`].filter(Boolean).join(' ');
      return `not placed on ${listOf(target)}${why && `: ${why}`}`;
    }
  }
}

/** `2-3`, or `2-5, each on its own CPUs` if each vector has its own target. */
function placeOf(group: readonly Placement[]): string {
  const sets = new Set(group.map(({ to }) => listOf(to)));
  const all = formatCpuset(union(...group.map(({ to }) => to ?? EMPTY)));
  return sets.size > 1 ? `${all}, each on its own CPUs` : all;
}

const listOf = (set: Cpuset | null) => set && formatCpuset(set);

function culpritText(culprit: NonNullable<Placement['culprit']>): string {
  if (culprit === 'not irqbalance') return 'not by irqbalance, which does not run';
  if (culprit === 'unknown') return 'whether irqbalance runs is unknown';
  return `irqbalance runs (pid ${culprit.irqbalancePid})`;
}

function lagOf(group: readonly Placement[]): string {
  const lags = group.flatMap(({ lagMs }) => lagMs ?? []);
  return lags.length === 0 ? '' : `; ${Math.ceil(Math.max(...lags))} ms after appearing at most`;
}

/**
 * Writes entries about domains, and limits those about each: its guest may cause a flood. Entries about guests that a
 * pod or a user has named are limited for each pod or user, which can start any number of them, one after the other.
 */
export class DomainJournal {
  /** by the name of a domain, or by owner */
  readonly #limiters = new Map<string, RateLimiter<JournalEntry>>();
  /** of guests that a pod or a user has named, by name */
  readonly #owners = new Map<string, string>();

  constructor(private readonly output: (entry: JournalEntry) => void) {}

  added({ name, found }: Pick<PlainDefinition, 'name' | 'found'>): void {
    if (found && !found.isNamedByHost) this.#owners.set(name, found.owner);
  }

  write(entry: JournalEntry): void {
    const name = entry.domains?.[0] ?? '';
    const key = this.#owners.get(name) ?? name;
    const summary = (omitted: number) => info(name, `${key}: ${omittedText(omitted)}`);
    const limiter = this.#limiters.get(key) ?? new RateLimiter(this.output, summary);
    this.#limiters.set(key, limiter);
    limiter.write(entry);
  }

  /** The domain is no longer managed. */
  removed(name: string): void {
    const entry = info(name, `${name}: no longer managed`);
    if (this.#owners.has(name)) this.write(entry);
    else {
      this.#limiters.get(name)?.close();
      this.#limiters.delete(name);
      this.output(entry);
    }
    this.#owners.delete(name);
    for (const [key, limiter] of this.#limiters) if (limiter.isIdle) this.#limiters.delete(key);
  }

  close(): void {
    for (const limiter of this.#limiters.values()) limiter.close();
  }
}

function info(domain: string, text: string): JournalEntry {
  return { priority: 'info', text: printable(text), domains: [domain] };
}
