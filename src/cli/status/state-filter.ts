import { type DomainPlan, type InterruptTest, isMisplaced, isRemote } from '../../affinity/domain-plan.js';
import { type GuestSummary, guestSummary } from '../../report/overview.js';
import type { Rates } from '../../report/rates.js';
import { reportOf } from '../../report/report.js';
import { contextOf, type HostStatus } from './status-reader.js';

/** States that `status` can be restricted to. */
export const STATE_FILTERS = ['misplaced', 'remote', 'contested'] as const;
export type StateFilter = (typeof STATE_FILTERS)[number];

/** Tests whether an interrupt is in one of these states; undefined without states: all are shown. */
export function stateTest({ watcher }: HostStatus, only: readonly StateFilter[]): InterruptTest | undefined {
  if (only.length === 0) return undefined;
  const contested = new Set((watcher?.contested ?? []).map(({ address, irq }) => `${address} ${irq}`));
  const tests: Record<StateFilter, InterruptTest> = {
    misplaced: (interrupt) => isMisplaced(interrupt),
    remote: (interrupt, device) => isRemote(interrupt, device) === true,
    contested: ({ irq }, { address }) => contested.has(`${address} ${irq}`),
  };
  return (interrupt, device) => only.some((state) => tests[state](interrupt, device));
}

/** Only the interrupts in one of these states, with their devices and domains; all without a filter. */
export function filterPlans(status: HostStatus, only: readonly StateFilter[]): DomainPlan[] {
  const test = stateTest(status, only);
  if (!test) return status.plans;
  return status.plans.flatMap((plan) => {
    const devices = plan.devices.flatMap((device) => {
      const interrupts = device.interrupts.filter((one) => test(one, device));
      return interrupts.length > 0 ? { ...device, interrupts } : [];
    });
    return devices.length > 0 ? { ...plan, devices } : [];
  });
}

/** The guests with such interrupts. */
export function filterGuests(guests: readonly GuestSummary[], only: readonly StateFilter[]): GuestSummary[] {
  return guests.filter((guest) => only.length === 0 || only.some((state) => (guest[state] ?? 0) > 0));
}

/** The domains with host devices, or with problems. */
export function guestsOf(status: HostStatus, rates?: Rates): GuestSummary[] {
  const plans = status.plans.filter(({ devices, problems }) => devices.length + problems.length > 0);
  return reportOf(plans, contextOf(status)).domains.map((domain) =>
    guestSummary(domain, { rates, isWatcherSeen: status.watcher !== null }),
  );
}
