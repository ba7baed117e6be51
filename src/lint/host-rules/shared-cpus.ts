import { type Cpuset, EMPTY, intersect, isSubset, subtract, union } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import type { Finding, RuleInfo } from '../rule.js';
import { devicesWithPolicy, type LintHost } from './context.js';
import { formatCpus } from './format.js';

export const hostSharedCpu: RuleInfo = {
  name: 'host-shared-cpu',
  severity: 'warning',
  summary: 'vCPUs of two guests are pinned to the same CPU',
};

export const hostSharedCore: RuleInfo = {
  name: 'host-shared-core',
  severity: 'warning',
  summary: 'vCPUs of two guests are pinned to threads of one core',
};

/** Maximum number of guests named in a message; the others are counted. */
const MAX_NAMED_GUESTS = 3;

/** The part of a guest that is compared with others: thousands of definitions would not all fit into memory. */
export interface GuestCpus {
  name: string;
  uuid: string | undefined;
  /** the CPUs of its pinned vCPUs, with the place of each pin in the document */
  pins: { cpus: Cpuset; offset: number; end: number }[];
  all: Cpuset;
  /** true: one of its devices has a policy */
  isPlaced: boolean;
}

/** A vCPU that may run on all CPUs is not pinned. */
export function guestCpus(definition: Definition, host: LintHost): GuestCpus {
  const { document, name, uuid, vcpuPinning } = definition;
  const { vcpus, pins, maxVcpus = Number.POSITIVE_INFINITY } = vcpuPinning;
  const { online } = host.snapshot.topology;
  const found: GuestCpus['pins'] = [];
  const add = (node: (typeof pins)[number]['node'] | undefined, cpus: Cpuset | undefined) => {
    const range = node && attributeOf(document, node, 'cpuset');
    if (!range || !cpus || isSubset(online, cpus)) return;
    found.push({ cpus: intersect(cpus, online), offset: range.valueStart, end: range.valueEnd });
  };
  add(select('/domain/vcpu', document)[0], vcpus.find(({ source }) => source === 'vcpu')?.cpus);
  for (const { node, vcpu, cpus } of pins) if (vcpu !== undefined && vcpu < maxVcpus) add(node, cpus);
  const all = union(...new Set(found.map(({ cpus }) => cpus)));
  return { name, uuid, pins: found, all, isPlaced: devicesWithPolicy(definition, host).length > 0 };
}

/**
 * Findings about CPUs that several guests of one call use, and about cores of which each guest has a thread; at most
 * one finding per rule and guest. Only for guests with a policy.
 * @param cores the threads of each core; a CPU in none of them is a core of its own
 */
export function sharedCpuFindings(guests: readonly GuestCpus[], cores: readonly Cpuset[]): Map<GuestCpus, Finding[]> {
  const shared = new Map<GuestCpus, Finding[]>();
  const siblings = new Map(guests.map((guest) => [guest, siblingsOf(guest.all, cores)]));
  for (const guest of guests) {
    if (!guest.isPlaced) continue;
    const others = guests.filter((other) => other !== guest && !isSameGuest(guest, other));
    const findings = [
      ...findingOf(hostSharedCpu, guest, others, (other) => intersect(guest.all, other.all)),
      // the guest's CPUs whose core has another thread in the other guest
      ...findingOf(hostSharedCore, guest, others, (other) => intersect(guest.all, siblings.get(other) ?? EMPTY)),
    ];
    if (findings.length > 0) shared.set(guest, findings);
  }
  return shared;
}

/** A host has only one guest with a given name, so these are two files of the same guest. */
const isSameGuest = (one: GuestCpus, other: GuestCpus) =>
  one.name === other.name || (one.uuid !== undefined && one.uuid === other.uuid);

/** The other threads of the cores of these CPUs, without the CPUs themselves. */
function siblingsOf(cpus: Cpuset, cores: readonly Cpuset[]): Cpuset {
  return subtract(union(...cores.filter((core) => intersect(core, cpus).length > 0)), cpus);
}

function findingOf(
  { name: rule, severity }: RuleInfo,
  guest: GuestCpus,
  others: readonly GuestCpus[],
  sharedWith: (other: GuestCpus) => Cpuset,
): Finding[] {
  const sharing = others.map((other) => ({ other, cpus: sharedWith(other) })).filter(({ cpus }) => cpus.length > 0);
  const cpus = union(...sharing.map((one) => one.cpus));
  const pin = guest.pins.find((one) => intersect(one.cpus, cpus).length > 0);
  if (!pin) return [];
  const { offset, end } = pin;
  const names = listed(sharing.map(({ other }) => JSON.stringify(other.name)));
  const isCpu = rule === hostSharedCpu.name;
  const message = isCpu
    ? `vCPUs of ${names} may run on ${formatCpus(cpus)} too: each guest delays the other`
    : `vCPUs of ${names} may run on other threads of the cores of ${formatCpus(cpus)}: each guest slows down the other`;
  const hint = isCpu ? 'pin the guests to different CPUs' : 'pin the guests to CPUs of different cores';
  return [{ rule, severity, offset, end, message, hint }];
}

/** `"a"`, `"a" and "b"`, `"a", "b", "c" and 4 more guests` */
function listed(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED_GUESTS;
  if (rest > 1) return `${names.slice(0, MAX_NAMED_GUESTS).join(', ')} and ${rest} more guests`;
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
