import { parseCpuList } from '../domain/cpu-mask.js';
import { compareNames } from '../lib/compare-names.js';
import { type DeliveryShare, deliveryShare } from './delivery-share.js';
import { interruptKey, type Rates } from './rates.js';
import type { DomainReport, InterruptReport } from './report.js';

/** A domain with host devices in one line. */
export interface GuestSummary {
  /** the host's name if there are several hosts; otherwise null */
  host: string | null;
  name: string;
  uuid: string | null;
  /** of a guest that was found as a process: QEMU's, as others may have the same name and UUID */
  pid?: number;
  /** those that have a handler, and those that cannot be read */
  interrupts: number;
  inPlace: number;
  misplaced: number;
  /** interrupts whose affinity cannot be read */
  unreadable: number;
  remote: number;
  /** null: unknown, as no watcher was seen */
  contested: number | null;
  /** number of interrupts known to be posted; null: none known, and unknown for some */
  posted: number | null;
  /** true: unknown for some interrupts */
  isPostingUnknown?: boolean;
  /**
   * as deliveryShare() on the CPUs of its vCPUs; null: the vCPUs have no CPUs of their own
   */
  share: DeliveryShare | null;
  /** interrupts per second; undefined: unknown */
  rate: number | undefined;
  /** the rules of its errors and warnings, without repetition, errors first */
  errors: string[];
  warnings: string[];
}

/** Absent in reports of earlier versions. */
interface Posted {
  posting?: { state: 'no' | 'yes' | 'unknown' };
}

export interface SummaryOptions {
  rates?: Rates | undefined;
  host?: string | null;
  /** only a watcher knows which interrupts are contested */
  isWatcherSeen: boolean;
}

export function guestSummary(
  domain: DomainReport,
  { rates, host = null, isWatcherSeen }: SummaryOptions,
): GuestSummary {
  const { uuid, owner, pid, devices, problems } = domain;
  const name = owner === undefined ? domain.name : `${domain.name} (${owner})`;
  const vcpus = domain.vcpuCpus === null ? undefined : parseCpuList(domain.vcpuCpus);
  const interrupts = devices.flatMap((device) => device.interrupts);
  const guest: GuestSummary = {
    host,
    name,
    uuid,
    ...(pid === undefined ? {} : { pid }),
    ...{ interrupts: 0, inPlace: 0, misplaced: 0, unreadable: 0, remote: 0, contested: 0, posted: 0 },
    share: vcpus ? deliveryShare(interrupts, vcpus) : null,
    rate: undefined,
    errors: [],
    warnings: [],
  };
  for (const interrupt of interrupts) {
    count(interrupt, guest);
    const rate = rates?.get(interruptKey(interrupt));
    if (rate !== undefined) guest.rate = (guest.rate ?? 0) + rate;
  }
  // with none known to be posted and some unknown, the number is unknown, not zero
  if (guest.isPostingUnknown) guest.posted ||= null;
  const all = [...problems, ...devices.flatMap((device) => device.problems)];
  const rulesOf = (level: string) => [
    ...new Set(all.filter(({ severity }) => severity === level).map(({ rule }) => rule)),
  ];
  if (!isWatcherSeen) guest.contested = null;
  guest.errors = rulesOf('error');
  guest.warnings = rulesOf('warning').filter((rule) => !guest.errors.includes(rule));
  return guest;
}

function count(interrupt: Omit<InterruptReport, 'posting'> & Posted, guest: GuestSummary): void {
  const { handlers, action, affinity, posting } = interrupt;
  // an interrupt that cannot be read has no affinity
  const isUnreadable = action === 'fail' && affinity === null;
  if (handlers.length === 0 && !isUnreadable) return;
  guest.interrupts++;
  if (isUnreadable) guest.unreadable++;
  else if (action === 'keep') guest.inPlace++;
  else if (action === 'set' || action === 'fail') guest.misplaced++;
  if (interrupt.remote) guest.remote++;
  if (interrupt.contested) guest.contested = (guest.contested ?? 0) + 1;
  if (posting?.state === 'yes') guest.posted = (guest.posted ?? 0) + 1;
  else if (posting?.state !== 'no') guest.isPostingUnknown = true;
}

/** Whether the guest has a fault. */
export function isWrong({ misplaced, unreadable, contested, errors }: GuestSummary): boolean {
  return misplaced + unreadable + (contested ?? 0) + errors.length > 0;
}

/** The orders of a list of guests; the first is that of `status`. */
export const GUEST_ORDERS = {
  state: (a, b) => severity(b) - severity(a) || b.misplaced - a.misplaced || b.remote - a.remote,
  name: () => 0,
  interrupts: (a, b) => b.interrupts - a.interrupts,
  misplaced: (a, b) => b.misplaced - a.misplaced,
  remote: (a, b) => b.remote - a.remote,
  contested: (a, b) => (b.contested ?? -1) - (a.contested ?? -1),
  share: (a, b) => shareOf(a) - shareOf(b),
  rate: (a, b) => (b.rate ?? -1) - (a.rate ?? -1),
} as const satisfies Record<string, (a: GuestSummary, b: GuestSummary) => number>;
export type GuestOrder = keyof typeof GUEST_ORDERS;

/** Guests that are equal in this order are sorted by name. */
export function orderGuests(guests: readonly GuestSummary[], order: GuestOrder = 'state'): GuestSummary[] {
  const compare: (a: GuestSummary, b: GuestSummary) => number = GUEST_ORDERS[order];
  const byName = (a: GuestSummary, b: GuestSummary) => compareNames(a.name, b.name);
  const byHost = (a: GuestSummary, b: GuestSummary) => compareNames(a.host ?? '', b.host ?? '');
  return [...guests].sort((a, b) => compare(a, b) || byHost(a, b) || byName(a, b));
}

function severity(guest: GuestSummary): number {
  if (guest.errors.length + guest.unreadable > 0) return 3;
  if (guest.misplaced + (guest.contested ?? 0) > 0) return 2;
  return guest.remote + guest.warnings.length > 0 ? 1 : 0;
}

const shareOf = ({ share }: GuestSummary) => (share && share.all > 0 ? share.on / share.all : 2);
