import type { EnforceReport, InterruptReport } from '../affinity/report.js';

/** Interrupts a second, by interruptKey; one that was not there before has none. */
export type Rates = ReadonlyMap<string, number>;

/** What tells an interrupt from another one that gets its number: the handler names device and vector. */
export function interruptKey({ irq, handlers }: InterruptReport): string {
  return `${irq} ${handlers.join(',')}`;
}

/** How often each interrupt was taken between two reports. Counts that fell are another interrupt's. */
export function ratesBetween(before: EnforceReport, after: EnforceReport, seconds: number): Rates {
  const earlier = new Map(interruptsOf(before).map((interrupt) => [interruptKey(interrupt), totalOf(interrupt)]));
  const rates = new Map<string, number>();
  for (const interrupt of interruptsOf(after)) {
    const key = interruptKey(interrupt);
    const taken = totalOf(interrupt) - (earlier.get(key) ?? Number.NaN);
    if (taken >= 0 && seconds > 0) rates.set(key, taken / seconds);
  }
  return rates;
}

/** At most five characters: `0`, `0.4`, `17`, `9999`, `12.3k`, `1.2M`; `-` where it is not known. */
export function formatRate(rate: number | undefined): string {
  if (rate === undefined) return '-';
  if (rate === 0) return '0';
  if (rate < 9.95) return rate < 0.05 ? '<0.1' : rate.toFixed(1);
  if (rate < 9999.5) return rate.toFixed(0);
  if (rate < 99_950) return `${(rate / 1e3).toFixed(1)}k`;
  return rate < 999_500 ? `${(rate / 1e3).toFixed(0)}k` : `${(rate / 1e6).toFixed(1)}M`;
}

export function totalOf({ counts }: InterruptReport): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function interruptsOf({ domains }: EnforceReport): InterruptReport[] {
  return domains.flatMap(({ devices }) => devices.flatMap(({ interrupts }) => interrupts));
}
