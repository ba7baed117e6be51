import { type DevicePlan, type InterruptPlan, isPosted } from '../affinity/domain-plan.js';
import { type Cpuset, has } from '../domain/cpuset.js';

/** How often interrupts were taken since their vectors exist, and how often by the given CPUs. */
export interface DeliveryShare {
  all: number;
  on: number;
}

/** Without interrupts that are posted now: their counts are from the time before. */
export function deliveryShare(interrupts: readonly InterruptPlan[], cpus: Cpuset): DeliveryShare {
  const sum: DeliveryShare = { all: 0, on: 0 };
  for (const interrupt of interrupts) {
    if (isPosted(interrupt)) continue;
    const { counts } = interrupt;
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
