import { readInterruptCounts } from '../../host/interrupt-counts.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { pause } from '../../lib/pause.js';
import { type Rates, ratesBetween } from '../../report/rates.js';
import type { HostStatus } from './status-reader.js';

/** Minimum time between the two reads of the counts. */
const MIN_SAMPLE_MS = 200;

/** How often each interrupt occurs per second, from a second read of the counts; waits if necessary. */
export function sampleRates(files: PseudoFs, { plans, readAt }: HostStatus): Rates {
  const irqs = plans.flatMap(({ devices }) => devices.flatMap(({ interrupts }) => interrupts.map(({ irq }) => irq)));
  if (irqs.length === 0) return new Map();
  pause(Math.max(0, MIN_SAMPLE_MS - (performance.now() - (readAt.at(-1) ?? 0))));
  const now = performance.now();
  const counts = readInterruptCounts(files, irqs);
  const rates = plans.map((plan, index) => {
    const devices = plan.devices.map((device) => ({
      ...device,
      interrupts: device.interrupts.map((one) => ({ ...one, counts: counts.get(one.irq) ?? {} })),
    }));
    return ratesBetween([plan], [{ ...plan, devices }], (now - (readAt[index] ?? now)) / 1000);
  });
  return new Map(rates.flatMap((some) => [...some]));
}
