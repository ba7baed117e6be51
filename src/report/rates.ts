import type { DomainPlan, InterruptPlan } from '../affinity/domain-plan.js';

/** Interrupts per second, by interruptKey(); none for an interrupt that is new. */
export type Rates = ReadonlyMap<string, number>;

/** Differs from the key of a later interrupt with the same number, since the handler names the device and vector. */
export function interruptKey({ irq, handlers }: Pick<InterruptPlan, 'irq' | 'handlers'>): string {
  return `${irq} ${handlers.join(',')}`;
}

/**
 * How often each interrupt was taken between two reads of a host. If a count fell, another interrupt has the number.
 */
export function ratesBetween(before: readonly DomainPlan[], after: readonly DomainPlan[], seconds: number): Rates {
  const earlier = new Map(interruptsOf(before).map((interrupt) => [interruptKey(interrupt), totalOf(interrupt)]));
  const rates = new Map<string, number>();
  for (const interrupt of interruptsOf(after)) {
    const key = interruptKey(interrupt);
    const taken = totalOf(interrupt) - (earlier.get(key) ?? Number.NaN);
    if (taken >= 0 && seconds > 0) rates.set(key, taken / seconds);
  }
  return rates;
}

/** At most five characters: `0`, `0.4`, `17`, `9999`, `12.3k`, `1.2M`; `-` if unknown. */
export function formatRate(rate: number | undefined): string {
  if (rate === undefined) return '-';
  if (rate === 0) return '0';
  if (rate < 9.95) return rate < 0.05 ? '<0.1' : rate.toFixed(1);
  if (rate < 9999.5) return rate.toFixed(0);
  if (rate < 99_950) return `${(rate / 1e3).toFixed(1)}k`;
  return rate < 999_500 ? `${(rate / 1e3).toFixed(0)}k` : `${(rate / 1e6).toFixed(1)}M`;
}

export function totalOf({ counts }: InterruptPlan): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function interruptsOf(plans: readonly DomainPlan[]): InterruptPlan[] {
  return plans.flatMap(({ devices }) => devices.flatMap(({ interrupts }) => interrupts));
}
