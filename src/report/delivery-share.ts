import type { DevicePlan } from '../affinity/domain-plan.js';
import { type Cpuset, has } from '../domain/cpuset.js';

/** How often interrupts were taken since their vectors exist, and how often by the given CPUs. */
export interface DeliveryShare {
  all: number;
  on: number;
}

/** An interrupt of a plan or a report. Reports of earlier versions have no `posting`. */
interface Counted {
  counts: Readonly<Record<string, number>>;
  posting?: { state: 'no' | 'yes' | 'unknown' };
}

/** Without interrupts that are posted now: their counts are from the time before. */
export function deliveryShare(interrupts: Iterable<Counted>, cpus: Cpuset): DeliveryShare {
  const sum: DeliveryShare = { all: 0, on: 0 };
  for (const { counts, posting } of interrupts) {
    if (posting?.state === 'yes') continue;
    for (const [cpu, count] of Object.entries(counts)) {
      sum.all += count;
      if (has(cpus, Number(cpu))) sum.on += count;
    }
  }
  return sum;
}

/**
 * How often interrupts of these devices were taken on another node than the device's. Devices with an unknown node are
 * left out.
 */
export function remoteShare(devices: readonly DevicePlan[]): DeliveryShare {
  const sum: DeliveryShare = { all: 0, on: 0 };
  for (const { interrupts, locality } of devices) {
    if (!locality) continue;
    const share = deliveryShare(interrupts, locality.far);
    sum.all += share.all;
    sum.on += share.on;
  }
  return sum;
}

/** `82 %`; 100 % and 0 % only if they are exact. */
export function formatShare({ all, on }: DeliveryShare): string {
  const percent = Math.round((100 * on) / all);
  if (percent === 100 && on < all) return '> 99 %';
  return percent === 0 && on > 0 ? '< 1 %' : `${percent} %`;
}
